/* The table is data from the format's definition; everything that reads, checks or prints events is driven by it. */
#include "trace/spec.h"

const struct trace_spec trace_specs[ev_count] = {
    [ev_event_batch] = {"EventBatch", .args = {"gen", "m", "time", "size"}, .nargs = 4},
    [ev_stacks] = {"Stacks"},
    [ev_stack] = {"Stack", .args = {"id", "nframes"}, .nargs = 2, .is_stack = true},
    [ev_strings] = {"Strings"},
    [ev_string] = {"String", .args = {"id"}, .nargs = 1, .has_data = true},
    [ev_cpu_samples] = {"CPUSamples"},
    [ev_cpu_sample] = {"CPUSample", .args = {"time", "m", "p", "g", "stack"}, .nargs = 5, .stacks = {4}},
    [ev_frequency] = {"Frequency", .args = {"freq"}, .nargs = 1},
    [ev_experimental_batch] = {"ExperimentalBatch", .args = {"exp", "gen", "m", "time"}, .nargs = 4, .has_data = true},
    [ev_sync] = {"Sync"},
    [ev_end_of_generation] = {"EndOfGeneration"},
    [ev_procs_change] = {"ProcsChange", .args = {"dt", "procs_value", "stack"}, .nargs = 3, .stacks = {2},
                         .timed = true},
    [ev_proc_start] = {"ProcStart", .args = {"dt", "p", "p_seq"}, .nargs = 3, .timed = true},
    [ev_proc_stop] = {"ProcStop", .args = {"dt"}, .nargs = 1, .timed = true},
    [ev_proc_steal] = {"ProcSteal", .args = {"dt", "p", "p_seq", "m"}, .nargs = 4, .timed = true},
    [ev_proc_status] = {"ProcStatus", .args = {"dt", "p", "pstatus"}, .nargs = 3, .timed = true},
    [ev_go_create] = {"GoCreate", .args = {"dt", "new_g", "new_stack", "stack"}, .nargs = 4, .stacks = {3, 2},
                      .timed = true},
    [ev_go_create_syscall] = {"GoCreateSyscall", .args = {"dt", "new_g"}, .nargs = 2, .timed = true},
    [ev_go_start] = {"GoStart", .args = {"dt", "g", "g_seq"}, .nargs = 3, .timed = true},
    [ev_go_destroy] = {"GoDestroy", .args = {"dt"}, .nargs = 1, .timed = true},
    [ev_go_destroy_syscall] = {"GoDestroySyscall", .args = {"dt"}, .nargs = 1, .timed = true},
    [ev_go_stop] = {"GoStop", .args = {"dt", "reason_string", "stack"}, .nargs = 3, .stacks = {2}, .strings = {1},
                    .timed = true},
    [ev_go_block] = {"GoBlock", .args = {"dt", "reason_string", "stack"}, .nargs = 3, .stacks = {2}, .strings = {1},
                     .timed = true},
    [ev_go_unblock] = {"GoUnblock", .args = {"dt", "g", "g_seq", "stack"}, .nargs = 4, .stacks = {3}, .timed = true},
    [ev_go_syscall_begin] = {"GoSyscallBegin", .args = {"dt", "p_seq", "stack"}, .nargs = 3, .stacks = {2},
                             .timed = true},
    [ev_go_syscall_end] = {"GoSyscallEnd", .args = {"dt"}, .nargs = 1, .start = ev_go_syscall_begin, .timed = true},
    [ev_go_syscall_end_blocked] = {"GoSyscallEndBlocked", .args = {"dt"}, .nargs = 1, .start = ev_go_syscall_begin,
                                   .timed = true},
    [ev_go_status] = {"GoStatus", .args = {"dt", "g", "m", "gstatus"}, .nargs = 4, .timed = true},
    [ev_stw_begin] = {"STWBegin", .args = {"dt", "kind_string", "stack"}, .nargs = 3, .stacks = {2}, .strings = {1},
                      .timed = true},
    [ev_stw_end] = {"STWEnd", .args = {"dt"}, .nargs = 1, .start = ev_stw_begin, .timed = true},
    [ev_gc_active] = {"GCActive", .args = {"dt", "gc_seq"}, .nargs = 2, .start = ev_gc_begin, .timed = true},
    [ev_gc_begin] = {"GCBegin", .args = {"dt", "gc_seq", "stack"}, .nargs = 3, .stacks = {2}, .timed = true},
    [ev_gc_end] = {"GCEnd", .args = {"dt", "gc_seq"}, .nargs = 2, .start = ev_gc_begin, .timed = true},
    [ev_gc_sweep_active] = {"GCSweepActive", .args = {"dt", "p"}, .nargs = 2, .start = ev_gc_sweep_begin,
                            .timed = true},
    [ev_gc_sweep_begin] = {"GCSweepBegin", .args = {"dt", "stack"}, .nargs = 2, .stacks = {1}, .timed = true},
    [ev_gc_sweep_end] = {"GCSweepEnd", .args = {"dt", "swept_value", "reclaimed_value"}, .nargs = 3,
                         .start = ev_gc_sweep_begin, .timed = true},
    [ev_gc_mark_assist_active] = {"GCMarkAssistActive", .args = {"dt", "g"}, .nargs = 2,
                                  .start = ev_gc_mark_assist_begin, .timed = true},
    [ev_gc_mark_assist_begin] = {"GCMarkAssistBegin", .args = {"dt", "stack"}, .nargs = 2, .stacks = {1},
                                 .timed = true},
    [ev_gc_mark_assist_end] = {"GCMarkAssistEnd", .args = {"dt"}, .nargs = 1, .start = ev_gc_mark_assist_begin,
                               .timed = true},
    [ev_heap_alloc] = {"HeapAlloc", .args = {"dt", "heapalloc_value"}, .nargs = 2, .timed = true},
    [ev_heap_goal] = {"HeapGoal", .args = {"dt", "heapgoal_value"}, .nargs = 2, .timed = true},
    [ev_go_label] = {"GoLabel", .args = {"dt", "label_string"}, .nargs = 2, .strings = {1}, .timed = true},
    [ev_user_task_begin] = {"UserTaskBegin", .args = {"dt", "task", "parent_task", "name_string", "stack"}, .nargs = 5,
                            .stacks = {4}, .strings = {3}, .timed = true},
    [ev_user_task_end] = {"UserTaskEnd", .args = {"dt", "task", "stack"}, .nargs = 3, .stacks = {2}, .timed = true},
    [ev_user_region_begin] = {"UserRegionBegin", .args = {"dt", "task", "name_string", "stack"}, .nargs = 4,
                              .stacks = {3}, .strings = {2}, .timed = true},
    [ev_user_region_end] = {"UserRegionEnd", .args = {"dt", "task", "name_string", "stack"}, .nargs = 4, .stacks = {3},
                            .strings = {2}, .start = ev_user_region_begin, .timed = true},
    [ev_user_log] = {"UserLog", .args = {"dt", "task", "key_string", "value_string", "stack"}, .nargs = 5,
                     .stacks = {4}, .strings = {2, 3}, .timed = true},
    [ev_go_switch] = {"GoSwitch", .args = {"dt", "g", "g_seq"}, .nargs = 3, .timed = true},
    [ev_go_switch_destroy] = {"GoSwitchDestroy", .args = {"dt", "g", "g_seq"}, .nargs = 3, .timed = true},
    [ev_go_create_blocked] = {"GoCreateBlocked", .args = {"dt", "new_g", "new_stack", "stack"}, .nargs = 4,
                              .stacks = {3, 2}, .timed = true},
    [ev_go_status_stack] = {"GoStatusStack", .args = {"dt", "g", "m", "gstatus", "stack"}, .nargs = 5, .stacks = {4},
                            .timed = true},
    [ev_clock_snapshot] = {"ClockSnapshot", .args = {"dt", "mono", "sec", "nsec"}, .nargs = 4, .timed = true},
    [ev_span] = {"Span", .args = {"dt", "id", "npages_value", "kindclass"}, .nargs = 4, .timed = true,
                 .experimental = true},
    [ev_span_alloc] = {"SpanAlloc", .args = {"dt", "id", "npages_value", "kindclass"}, .nargs = 4, .timed = true,
                       .experimental = true},
    [ev_span_free] = {"SpanFree", .args = {"dt", "id"}, .nargs = 2, .timed = true, .experimental = true},
    [ev_heap_object] = {"HeapObject", .args = {"dt", "id", "type"}, .nargs = 3, .timed = true, .experimental = true},
    [ev_heap_object_alloc] = {"HeapObjectAlloc", .args = {"dt", "id", "type"}, .nargs = 3, .timed = true,
                              .experimental = true},
    [ev_heap_object_free] = {"HeapObjectFree", .args = {"dt", "id"}, .nargs = 2, .timed = true, .experimental = true},
    [ev_goroutine_stack] = {"GoroutineStack", .args = {"dt", "id", "order"}, .nargs = 3, .timed = true,
                            .experimental = true},
    [ev_goroutine_stack_alloc] = {"GoroutineStackAlloc", .args = {"dt", "id", "order"}, .nargs = 3, .timed = true,
                                  .experimental = true},
    [ev_goroutine_stack_free] = {"GoroutineStackFree", .args = {"dt", "id"}, .nargs = 2, .timed = true,
                                 .experimental = true},
};

unsigned trace_type_count(unsigned version)
{
    switch (version) {
    case 22:
        return ev_user_log + 1;
    case 23:
        return ev_experimental_batch + 1;
    case 25:
        return ev_clock_snapshot + 1;
    case 26:
        return ev_count;
    default:
        return 0;
    }
}
