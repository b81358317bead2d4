/** Which form of a primitive the host asks for. */

/** Forms of the single-value primitives. */
export const FORM_CHECKED: u32 = 0; // get_user, put_user
export const FORM_UNCHECKED: u32 = 1; // __get_user, __put_user
export const FORM_UNSAFE: u32 = 2; // unsafe_get_user, unsafe_put_user
export const FORM_PLAIN: u32 = 3; // an ordinary load or store, without a fixup

/** Forms of the bulk copies. */
export const COPY_CHECKED: u32 = 0; // copy_from_user, copy_to_user, clear_user
export const COPY_UNCHECKED: u32 = 1; // __copy_*_user, __clear_user
export const COPY_NOFAULT: u32 = 2;
export const COPY_NMI: u32 = 3;
export const COPY_UNSAFE: u32 = 4; // unsafe_copy_to_user
export const COPY_INATOMIC: u32 = 5; // __copy_*_user_inatomic

/** Forms of the string functions. */
export const STRING_PLAIN: u32 = 0;
export const STRING_NOFAULT: u32 = 1;

/** What a measured loop of reads does with the page's translation before each. */
export const TRANSLATIONS_KEPT: u32 = 0;
export const TRANSLATIONS_DROPPED: u32 = 1;
