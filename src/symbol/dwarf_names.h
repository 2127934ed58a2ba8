/* The numbers of the DWARF standard (https://dwarfstd.org, version 5, section 7) and of GNU's extensions that are
 * looked at, under the standard's names in this project's spelling. */
#ifndef SONDE_SYMBOL_DWARF_NAMES_H
#define SONDE_SYMBOL_DWARF_NAMES_H

enum dw_unit { dw_ut_compile = 1, dw_ut_type, dw_ut_partial, dw_ut_skeleton, dw_ut_split_compile, dw_ut_split_type };

enum dw_tag {
    dw_tag_class_type = 0x02,
    dw_tag_enumeration_type = 0x04,
    dw_tag_lexical_block = 0x0b,
    dw_tag_structure_type = 0x13,
    dw_tag_union_type = 0x17,
    dw_tag_inlined_subroutine = 0x1d,
    dw_tag_module = 0x1e,
    dw_tag_catch_block = 0x25,
    dw_tag_subprogram = 0x2e,
    dw_tag_try_block = 0x32,
    dw_tag_namespace = 0x39,
    dw_tag_partial_unit = 0x3c
};

enum dw_at {
    dw_at_sibling = 0x01,
    dw_at_name = 0x03,
    dw_at_stmt_list = 0x10,
    dw_at_low_pc = 0x11,
    dw_at_high_pc = 0x12,
    dw_at_comp_dir = 0x1b,
    dw_at_abstract_origin = 0x31,
    dw_at_decl_line = 0x3b,
    dw_at_specification = 0x47,
    dw_at_ranges = 0x55,
    dw_at_call_column = 0x57,
    dw_at_call_file = 0x58,
    dw_at_call_line = 0x59,
    dw_at_linkage_name = 0x6e,
    dw_at_str_offsets_base = 0x72,
    dw_at_addr_base = 0x73,
    dw_at_rnglists_base = 0x74,
    dw_at_dwo_name = 0x76,
    dw_at_mips_linkage_name = 0x2007,
    dw_at_gnu_dwo_name = 0x2130,
    dw_at_gnu_dwo_id = 0x2131,
    dw_at_gnu_ranges_base = 0x2132,
    dw_at_gnu_addr_base = 0x2133
};

enum dw_form {
    dw_form_addr = 0x01,
    dw_form_block2 = 0x03,
    dw_form_block4 = 0x04,
    dw_form_data2 = 0x05,
    dw_form_data4 = 0x06,
    dw_form_data8 = 0x07,
    dw_form_string = 0x08,
    dw_form_block = 0x09,
    dw_form_block1 = 0x0a,
    dw_form_data1 = 0x0b,
    dw_form_flag = 0x0c,
    dw_form_sdata = 0x0d,
    dw_form_strp = 0x0e,
    dw_form_udata = 0x0f,
    dw_form_ref_addr = 0x10,
    dw_form_ref1 = 0x11,
    dw_form_ref2 = 0x12,
    dw_form_ref4 = 0x13,
    dw_form_ref8 = 0x14,
    dw_form_ref_udata = 0x15,
    dw_form_indirect = 0x16,
    dw_form_sec_offset = 0x17,
    dw_form_exprloc = 0x18,
    dw_form_flag_present = 0x19,
    dw_form_strx = 0x1a,
    dw_form_addrx = 0x1b,
    dw_form_ref_sup4 = 0x1c,
    dw_form_strp_sup = 0x1d,
    dw_form_data16 = 0x1e,
    dw_form_line_strp = 0x1f,
    dw_form_ref_sig8 = 0x20,
    dw_form_implicit_const = 0x21,
    dw_form_loclistx = 0x22,
    dw_form_rnglistx = 0x23,
    dw_form_ref_sup8 = 0x24,
    dw_form_strx1 = 0x25,
    dw_form_strx2 = 0x26,
    dw_form_strx3 = 0x27,
    dw_form_strx4 = 0x28,
    dw_form_addrx1 = 0x29,
    dw_form_addrx2 = 0x2a,
    dw_form_addrx3 = 0x2b,
    dw_form_addrx4 = 0x2c,
    dw_form_gnu_addr_index = 0x1f01,
    dw_form_gnu_str_index = 0x1f02,
    dw_form_gnu_ref_alt = 0x1f20,
    dw_form_gnu_strp_alt = 0x1f21
};

enum dw_rle {
    dw_rle_end_of_list,
    dw_rle_base_addressx,
    dw_rle_startx_endx,
    dw_rle_startx_length,
    dw_rle_offset_pair,
    dw_rle_base_address,
    dw_rle_start_end,
    dw_rle_start_length
};

enum dw_lns {
    dw_lns_copy = 1,
    dw_lns_advance_pc,
    dw_lns_advance_line,
    dw_lns_set_file,
    dw_lns_set_column,
    dw_lns_negate_stmt,
    dw_lns_set_basic_block,
    dw_lns_const_add_pc,
    dw_lns_fixed_advance_pc
};

enum dw_lne { dw_lne_end_sequence = 1, dw_lne_set_address };

enum dw_lnct { dw_lnct_path = 1, dw_lnct_directory_index };

enum dw_sect { dw_sect_info = 1, dw_sect_abbrev = 3, dw_sect_line, dw_sect_str_offsets = 6, dw_sect_rnglists = 8 };

#endif
