//! Places in a router's lists, one type a list.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl Id for $name {
            fn at(index: usize) -> Self {
                // Lists are far shorter than 2³²: a configuration of that size does not fit in memory.
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            fn place(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }

        impl $name {
            /// The place as a number, for dense tables.
            #[must_use]
            pub fn index(self) -> usize {
                self.place()
            }
        }
    };
}

pub(super) trait Id: Copy {
    fn at(index: usize) -> Self;
    fn place(self) -> usize;
}

id!(
    /// A lane of a router.
    LaneId
);
id!(
    /// A service of a router.
    ServiceId
);
id!(
    /// A version of one service of a router.
    VersionId
);
id!(
    /// A split of a router.
    SplitId
);

pub(super) fn get<T, I: Id>(list: &[T], id: I) -> Option<&T> {
    list.get(id.place())
}

pub(super) fn enumerate<T, I: Id>(list: &[T]) -> impl Iterator<Item = (I, &T)> {
    list.iter().enumerate().map(|(index, item)| (I::at(index), item))
}
