"""Runs inside gdb: see step_test.py. Prints lines that begin with "steps:", the last with the counts."""
import os
import struct

import gdb

REGISTERS = ['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rdi', 'rsi', 'rbp', 'rbx', 'rdx', 'rax', 'rcx',
             'rsp', 'rip']
MASK = (1 << 64) - 1


def number(expression):
    return int(gdb.parse_and_eval(expression)) & MASK


def gdb_frames():
    """The pcs as sonde gives them: those that a signal interrupted plus 1, except for the innermost. Frames that gdb
    knows from debug information alone (of inlined functions and of those that ended in a tail call) are not there."""
    pcs, frame, after_signal = [], gdb.newest_frame(), False
    while frame is not None and len(pcs) < 64:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            pcs.append((frame.pc() + (1 if after_signal else 0)) & MASK)
            after_signal = frame.type() == gdb.SIGTRAMP_FRAME
        frame = frame.older()
    return pcs


class Stepper:
    def __init__(self):
        self.inferior = gdb.selected_inferior()
        self.context = number('(unsigned long)&stepped_context.uc_mcontext.gregs')
        self.pcs = number('(unsigned long)&stepped_pcs')
        self.counts = dict.fromkeys(['steps', 'different', 'plt', 'signal', 'vdso', 'libc', 'linker'], 0)

    def our_frames(self):
        values = [number('$' + name) for name in REGISTERS]
        self.inferior.write_memory(self.context, struct.pack('<17Q', *values))
        gdb.parse_and_eval('(void)walk_now()')
        count = number('stepped_count')
        return list(struct.unpack(f'<{count}Q', bytes(self.inferior.read_memory(self.pcs, 8 * count))))

    def note_place(self, theirs):
        where = gdb.execute(f'info symbol {theirs[0]}', to_string=True)
        frame = gdb.newest_frame()
        library = gdb.solib_name(theirs[0]) or ''
        self.counts['plt'] += '.plt' in where
        self.counts['signal'] += frame.type() == gdb.SIGTRAMP_FRAME or 'on_signal' in where
        self.counts['libc'] += 'libc' in library
        self.counts['linker'] += 'ld-' in library
        self.counts['vdso'] += 'system-supplied DSO' in where

    def compare(self):
        theirs, ours = gdb_frames(), self.our_frames()
        self.counts['steps'] += 1
        self.note_place(theirs)
        if ours == theirs:
            return
        self.counts['different'] += 1
        if self.counts['different'] <= 10:
            where = gdb.execute('x/i $pc', to_string=True).strip()
            print(f'steps: at {where}: ours {[hex(pc) for pc in ours]}, gdb {[hex(pc) for pc in theirs]}')


def main():
    for line in ['set pagination off', 'set confirm off', 'set debuginfod enabled off', 'set backtrace past-main on',
                 'set backtrace past-entry on', 'set disable-randomization on', 'set unwindonsignal on',
                 'handle SIGUSR1 nostop noprint pass', 'break begin', 'run']:
        try:
            gdb.execute(line, to_string=True)
        except gdb.error as error:
            if 'debuginfod' not in line:
                print('steps: ' + str(error))
                return
    gdb.execute('delete')
    gdb.execute('break *on_signal', to_string=True) # a step that is interrupted would end behind the handler
    stepper = Stepper()
    end = number('(unsigned long)finish')
    for _ in range(int(os.environ['STEPS'])):
        stepper.compare()
        syscall = bytes(stepper.inferior.read_memory(number('$pc'), 2)) == b'\x0f\x05'
        gdb.execute('stepi', to_string=True)
        if syscall: # a signal may be pending now, which a call of walk_now would get
            gdb.execute('stepi', to_string=True)
        # The vdso reads the clock again and again when that takes too long, as it does here.
        if number('$pc') == end or stepper.counts['vdso'] > 150:
            break
    print('steps: ' + ' '.join(f'{name}={count}' for name, count in stepper.counts.items()))
    gdb.execute('kill', to_string=True)


main()
