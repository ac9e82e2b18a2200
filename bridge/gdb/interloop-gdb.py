# SPDX-License-Identifier: MIT
"""Parked stacks in gdb: `source .../interloop-gdb.py`, then `interloop parked` and `interloop backtrace N`.

Works on running programs and on core dumps; nothing in them is changed. The library's debug information is needed.

A parked stack's registers lie at its FiberContext's m_suspended, where Boost.Context's jump_fcontext has put them. To
print its backtrace, gdb is told for a moment that the newest frame was called from there.
"""

import re

import gdb
import gdb.unwinder

THREAD_PUMP = "'interloop::(anonymous namespace)::threadPump'"
MAIN_BRIDGE = "'interloop::(anonymous namespace)::mainBridge'"


class Layout:
    """Which registers jump_fcontext saves, at which offsets, and how many bytes all of it takes."""

    def __init__(self, saved, size, pc, sp):
        self.saved = saved
        self.size = size
        self.pc = pc
        self.sp = sp


def x86_64_layout():
    # Newer versions of Boost keep room for the stack protector's guard. They differ in how much jump_fcontext reserves,
    # by its first instruction: lea -0x38(%rsp),%rsp or lea -0x40(%rsp),%rsp
    try:
        address = int(gdb.parse_and_eval("(unsigned long)&jump_fcontext"))
    except gdb.error:
        raise gdb.GdbError("interloop: Boost.Context's jump_fcontext was not found; is the program linked to it?")
    code = gdb.selected_inferior().read_memory(address, 16).tobytes()
    code = code.removeprefix(b"\xf3\x0f\x1e\xfa")  # endbr64
    guard = {b"\x48\x8d\x64\x24\xc8": 0, b"\x48\x8d\x64\x24\xc0": 8}.get(code[:5])
    if guard is None:
        raise gdb.GdbError("interloop: this version of Boost.Context saves registers in an unknown order")
    names = ["r12", "r13", "r14", "r15", "rbx", "rbp", "rip"]
    saved = {name: 8 + guard + 8 * i for i, name in enumerate(names)}
    return Layout(saved, 64 + guard, "rip", "rsp")


def aarch64_layout():
    saved = {"x%d" % n: 0x40 + 8 * (n - 19) for n in range(19, 31)}
    saved["pc"] = 0xA0
    return Layout(saved, 0xB0, "pc", "sp")


def layout_of(architecture):
    if architecture.startswith("i386:x86-64"):
        return x86_64_layout()
    if architecture.startswith("aarch64"):
        return aarch64_layout()
    raise gdb.GdbError("interloop: parked stacks cannot be read on " + architecture + ", only on x86-64 and aarch64")


class ParkedStack:
    def __init__(self, stack):
        self.fiber = stack.cast(gdb.lookup_type("interloop::Fiber").pointer())
        frame = stack["m_topFrame"]
        self.target = frame["m_target"].address
        self.caller = frame["m_caller"]

    def registers(self):
        return int(self.fiber["m_context"]["m_suspended"])

    def __str__(self):
        return "runSync" + self.place() + self.owner()

    def place(self):
        location = self.target.cast(self.target.dynamic_type)["m_calledAt"]["_M_impl"]
        if not location:
            return ""
        file = location["_M_file_name"].string().rsplit("/", 1)[-1]
        return " at %s:%d in %s" % (file, int(location["_M_line"]), location["_M_function_name"].string())

    def owner(self):
        """Whose code waits, if it is a chain's; only libstdc++'s strings are understood."""
        if not self.caller:
            return ""
        try:
            caller = self.caller.cast(self.caller.dynamic_type)
            type_name = str(caller.type.target())
            if type_name == "interloop::PlainBody":
                return ", a slot of " + string_of(caller["m_state"]["_M_ptr"]["m_name"])
            if caller["m_extras"]:
                label = string_of(caller["m_extras"]["label"])
                return ", task '" + label + "'" if label else ", a task"
            return ", a task"
        except gdb.error:
            return ""


def string_of(value):
    return value["_M_dataplus"]["_M_p"].string()


def pump_of_thread():
    """The selected thread's pump, or None."""
    try:
        pump = gdb.parse_and_eval(THREAD_PUMP)
        return pump if pump else None
    except gdb.MemoryError:
        return None
    except gdb.error as error:
        if "hread-local" not in str(error):
            raise
    bridge = gdb.parse_and_eval(MAIN_BRIDGE)  # without thread-local variables, the main thread's at least
    if not bridge or gdb.selected_thread().num != 1:
        return None
    return bridge["m_pump"]["_M_t"]["_M_t"]["_M_head_impl"]


def parked_on(pump):
    end = pump["m_parkedStacks"]["m_end"].address.cast(gdb.lookup_type("interloop::ListNode").pointer())
    node = end["m_next"]
    while node != end:
        yield ParkedStack(node.cast(gdb.lookup_type("interloop::Stack").pointer()))
        node = node["m_next"]


def parked_stacks():
    """Pairs of a thread and one of its parked stacks, of all threads."""
    here = gdb.selected_thread()
    if here is None:
        raise gdb.GdbError("interloop: the program is not running, and there is no core dump")
    frame = SelectedFrame()
    try:
        found = []
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
            thread.switch()
            pump = pump_of_thread()
            if pump is not None:
                found += [(thread, stack) for stack in parked_on(pump)]
        return found
    except (gdb.error, KeyError):
        raise gdb.GdbError(
            "interloop: the library's debug information was not found. Build it with -g, for example with "
            "CMAKE_BUILD_TYPE=RelWithDebInfo; a program that does not use the library has no parked stacks")
    finally:
        here.switch()
        frame.restore()


class SelectedFrame:
    def __init__(self):
        self.level = gdb.selected_frame().level()

    def restore(self):
        frame = gdb.newest_frame()
        while frame is not None and frame.level() < self.level:
            frame = frame.older()
        if frame is not None:
            frame.select()


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class CalledFromParked(gdb.unwinder.Unwinder):
    """While enabled: the newest frame, wherever it is, was called from the parked stack."""

    def __init__(self):
        super().__init__("interloop-parked")
        self.enabled = False

    def enable(self, layout, registers):
        self.layout = layout
        self.registers = registers
        frame = gdb.newest_frame()
        self.newest = [frame.read_register(name) for name in (layout.sp, layout.pc)]
        self.enabled = True
        gdb.invalidate_cached_frames()

    def disable(self):
        self.enabled = False
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if not self.enabled:
            return None
        layout = self.layout
        if [pending.read_register(name) for name in (layout.sp, layout.pc)] != self.newest:
            return None
        # A frame must not seem to lie above the one that called it.
        info = pending.create_unwind_info(FrameId(gdb.Value(self.registers), pending.read_register(layout.pc)))
        memory = gdb.selected_inferior().read_memory(self.registers, layout.size).tobytes()
        for name, offset in layout.saved.items():
            value = int.from_bytes(memory[offset:offset + 8], "little")
            info.add_saved_register(name, gdb.Value(value).cast(pending.read_register(name).type))
        sp = gdb.Value(self.registers + layout.size)
        info.add_saved_register(layout.sp, sp.cast(pending.read_register(layout.sp).type))
        return info

    def pc(self):
        offset = self.layout.saved[self.layout.pc]
        return int.from_bytes(gdb.selected_inferior().read_memory(self.registers + offset, 8).tobytes(), "little")


unwinder = CalledFromParked()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)


def backtrace(stack, options):
    frame = SelectedFrame()
    unwinder.enable(layout_of(gdb.newest_frame().architecture().name()), stack.registers())
    try:
        caller = gdb.newest_frame()  # of the newest frame, which may be one of several inlined into each other
        while caller is not None and caller.pc() != unwinder.pc():
            caller = caller.older()
        if caller is None:
            raise gdb.GdbError("interloop: gdb cannot follow this stack")
        skipped = caller.level()
        text = gdb.execute("backtrace " + options, to_string=True)
    finally:
        unwinder.disable()
        frame.restore()
    # Without the frames that were there before, and numbered as if there were none.
    lines = text.splitlines()
    numbers = [int(match[1]) if match else None for match in (re.match(r"#(\d+) ", line) for line in lines)]
    first = next((i for i, number in enumerate(numbers) if number is not None and number >= skipped), len(lines))
    for number, line in zip(numbers[first:], lines[first:]):
        print(line if number is None else "#%-3d" % (number - skipped) + re.sub(r"^#\d+ +", "", line))


class InterloopCommand(gdb.Command):
    """Looks at stacks that Interloop has parked."""

    def __init__(self):
        super().__init__("interloop", gdb.COMMAND_STACK, prefix=True)


class ParkedCommand(gdb.Command):
    """Lists the parked stacks of all threads: where each of them waits, and whose code that is.

Usage: interloop parked"""

    def __init__(self):
        super().__init__("interloop parked", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        stacks = parked_stacks()
        last = None
        for i, (thread, stack) in enumerate(stacks, 1):
            if thread is not last:
                print("Thread %d%s:" % (thread.num, " \"%s\"" % thread.name if thread.name else ""))
                last = thread
            print("%4d  %s" % (i, stack))
        if not stacks:
            print("No stack is parked.")


class BacktraceCommand(gdb.Command):
    """Prints the backtrace of a parked stack.

Usage: interloop backtrace N [OPTION]...
N is its number in `interloop parked`. The options are those of gdb's backtrace: `full` prints local variables."""

    def __init__(self):
        super().__init__("interloop backtrace", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        number, _, options = argument.strip().partition(" ")
        if not number.isdecimal():
            raise gdb.GdbError("Usage: interloop backtrace N [OPTION]...; `interloop parked` has the numbers")
        stacks = parked_stacks()
        if not 1 <= int(number) <= len(stacks):
            raise gdb.GdbError("interloop: there is no parked stack %s; %d are parked" % (number, len(stacks)))
        backtrace(stacks[int(number) - 1][1], options)


InterloopCommand()
ParkedCommand()
BacktraceCommand()
