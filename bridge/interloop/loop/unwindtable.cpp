// SPDX-License-Identifier: MIT
#include <interloop/loop/unwindtable.h>

#include <array>
#include <cstring>
#include <link.h>
#include <optional>

/*
 * The tables are those of .eh_frame: "Linux Standard Base Core", 10.6, and "DWARF 4", 6.4. For each function (FDE, with
 * what it has in common with others in a CIE) there is a program; run up to an address it says where the frame ends and
 * where the caller's registers are saved. Of these only the frame pointer is of interest: no other leads to frames.
 */

// The unwinder's own search for a function's table (libgcc's unwind-dw2-fde.h).
struct dwarf_eh_bases
{
    void *text;
    void *data;
    void *function;
};
extern "C" const void *_Unwind_Find_FDE(void *address, dwarf_eh_bases *bases);

namespace interloop {

namespace {

// DWARF's numbers of registers ("System V ABI, AMD64", 3.6.2).
constexpr std::uint64_t framePointerNumber = 6;
constexpr std::uint64_t stackPointerNumber = 7;
constexpr std::uint64_t returnAddressNumber = 16;

class Reader
{
public:
    Reader() noexcept = default;
    Reader(const unsigned char *begin, const unsigned char *end) noexcept : m_next(begin), m_end(end) { }

    bool isAtEnd() const noexcept { return m_next >= m_end; }
    const unsigned char *next() const noexcept { return m_next; }
    void skip(std::uint64_t count) noexcept { m_next += count; }

    template<typename Number>
    Number number() noexcept
    {
        Number value = 0;
        std::memcpy(&value, m_next, sizeof(value));
        skip(sizeof(value));
        return value;
    }

    std::uint64_t uleb() noexcept
    {
        std::uint64_t value = 0;
        unsigned shift = 0;
        readBits(value, shift);
        return value;
    }

    std::int64_t sleb() noexcept
    {
        std::uint64_t value = 0;
        unsigned shift = 0;
        const bool isNegative = readBits(value, shift) & 0x40;
        if (isNegative && shift < 64)
            value |= ~std::uint64_t(0) << shift;
        return static_cast<std::int64_t>(value);
    }

private:
    unsigned char readBits(std::uint64_t &value, unsigned &shift) noexcept // returns the last byte
    {
        for (;;) {
            const auto byte = number<unsigned char>();
            if (shift < 64)
                value |= std::uint64_t(byte & 0x7f) << shift;
            shift += 7;
            if (!(byte & 0x80))
                return byte;
        }
    }

    const unsigned char *m_next = nullptr;
    const unsigned char *m_end = nullptr;
};

// The bytes of a pointer so encoded ("Linux Standard Base Core", 10.5.1), or 0: not one of fixed size.
std::size_t pointerSize(unsigned char encoding) noexcept
{
    if (encoding == 0x50) // aligned
        return 0;
    switch (encoding & 0x0f) {
    case 0x00:
    case 0x04:
    case 0x0c:
        return 8;
    case 0x03:
    case 0x0b:
        return 4;
    case 0x02:
    case 0x0a:
        return 2;
    default:
        return 0;
    }
}

// What the program of a function has said so far.
class Row
{
public:
    std::uint64_t endRegister = 0; // the frame ends at this register's value ...
    std::int64_t endOffset = 0; // ... plus this
    std::int64_t framePointer = 0; // from the end; 0: not saved
    std::int64_t returnAddress = 0; // from the end
};

bool isInAModule(std::uintptr_t address) noexcept
{
    const auto look = [](dl_phdr_info *info, std::size_t, void *data) noexcept {
        const std::uintptr_t wanted = *static_cast<const std::uintptr_t *>(data);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
            const ElfW(Phdr) &segment = info->dlpi_phdr[i];
            if (segment.p_type == PT_LOAD && wanted - (info->dlpi_addr + segment.p_vaddr) < segment.p_memsz)
                return 1;
        }
        return 0;
    };
    return dl_iterate_phdr(look, &address) == 1;
}

// The table of the function in which `address` lies.
class Table
{
public:
    // The call before `address` may be the function's last instruction.
    explicit Table(std::uintptr_t address) noexcept : m_wanted(address - 1) { }

    // An address that is in no module may belong to another function tomorrow.
    UnwindRule read()
    {
        UnwindRule rule;
        if (!isInAModule(m_wanted) || !find() || !readCommon() || !readOwn())
            return rule;
        if (!run(m_commonProgram))
            return rule;
        m_first = m_row;
        if (!run(m_ownProgram))
            return rule;
        return toRule(m_row);
    }

private:
    bool find() noexcept
    {
        dwarf_eh_bases bases = {};
        m_own = static_cast<const unsigned char *>(_Unwind_Find_FDE(reinterpret_cast<void *>(m_wanted), &bases));
        m_location = reinterpret_cast<std::uintptr_t>(bases.function);
        return m_own;
    }

    static std::optional<Reader> entry(const unsigned char *begin) noexcept
    {
        Reader reader(begin, begin + 4);
        const auto length = reader.number<std::uint32_t>();
        if (length == 0 || length == 0xffffffff) // the end of the tables; an entry of more than 4 GiB
            return std::nullopt;
        return Reader(begin + 4, begin + 4 + length);
    }

    bool readCommon() noexcept
    {
        const std::optional<Reader> own = entry(m_own);
        if (!own)
            return false;
        const auto distance = Reader(*own).number<std::uint32_t>();
        const std::optional<Reader> common = entry(own->next() - distance);
        if (!common)
            return false;

        Reader reader = *common;
        reader.skip(4); // that it is a CIE
        const auto version = reader.number<unsigned char>();
        const char *augmentation = reinterpret_cast<const char *>(reader.next());
        reader.skip(std::strlen(augmentation) + 1);
        m_codeUnit = reader.uleb();
        m_dataUnit = reader.sleb();
        const std::uint64_t returnAddress = version == 1 ? reader.number<unsigned char>() : reader.uleb();
        if ((version != 1 && version != 3) || returnAddress != returnAddressNumber || *augmentation != 'z')
            return false;

        const std::uint64_t size = reader.uleb();
        const unsigned char *program = reader.next() + size;
        for (const char *letter = augmentation + 1; *letter; ++letter) {
            if (*letter == 'R') {
                m_pointerSize = pointerSize(reader.number<unsigned char>());
            } else if (*letter == 'L') {
                reader.skip(1);
            } else if (*letter == 'P') {
                const std::size_t skipped = pointerSize(reader.number<unsigned char>());
                if (skipped == 0)
                    return false;
                reader.skip(skipped);
            } else { // 'S' is a signal's frame
                return false;
            }
        }
        reader.skip(program - reader.next());
        m_commonProgram = reader;
        return m_pointerSize != 0;
    }

    bool readOwn() noexcept
    {
        Reader reader = *entry(m_own);
        reader.skip(4 + 2 * m_pointerSize); // its CIE, begin and size of the function
        const std::uint64_t size = reader.uleb();
        reader.skip(size);
        m_ownProgram = reader;
        return true;
    }

    // As far as to the wanted address. False: it says something that a rule cannot.
    bool run(Reader program) noexcept
    {
        while (!program.isAtEnd()) {
            const auto code = program.number<unsigned char>();
            const std::uint64_t operand = code & 0x3f;
            switch (code & 0xc0) {
            case 0x40: // advance_loc
                if (advance(operand))
                    return true;
                continue;
            case 0x80: // offset
                save(operand, static_cast<std::int64_t>(program.uleb()) * m_dataUnit);
                continue;
            case 0xc0: // restore
                restore(operand);
                continue;
            }
            switch (code) {
            case 0x00: // nop
                break;
            case 0x02: // advance_loc1
                if (advance(program.number<std::uint8_t>()))
                    return true;
                break;
            case 0x03: // advance_loc2
                if (advance(program.number<std::uint16_t>()))
                    return true;
                break;
            case 0x04: // advance_loc4
                if (advance(program.number<std::uint32_t>()))
                    return true;
                break;
            case 0x05: { // offset_extended
                const std::uint64_t number = program.uleb();
                save(number, static_cast<std::int64_t>(program.uleb()) * m_dataUnit);
                break;
            }
            case 0x06: // restore_extended
                restore(program.uleb());
                break;
            case 0x0a: // remember_state
                if (m_rememberedCount == m_remembered.size())
                    return false;
                m_remembered[m_rememberedCount++] = m_row;
                break;
            case 0x0b: // restore_state
                if (m_rememberedCount == 0)
                    return false;
                m_row = m_remembered[--m_rememberedCount];
                break;
            case 0x0c: // def_cfa
                m_row.endRegister = program.uleb();
                m_row.endOffset = static_cast<std::int64_t>(program.uleb());
                break;
            case 0x0d: // def_cfa_register
                m_row.endRegister = program.uleb();
                break;
            case 0x0e: // def_cfa_offset
                m_row.endOffset = static_cast<std::int64_t>(program.uleb());
                break;
            case 0x2e: // GNU_args_size
                program.uleb();
                break;
            default:
                return false;
            }
        }
        return true;
    }

    bool advance(std::uint64_t units) noexcept // returns whether what follows is behind the wanted address
    {
        m_location += units * m_codeUnit;
        return m_location > m_wanted;
    }

    void save(std::uint64_t number, std::int64_t offset) noexcept
    {
        if (number == framePointerNumber)
            m_row.framePointer = offset;
        else if (number == returnAddressNumber)
            m_row.returnAddress = offset;
    }

    void restore(std::uint64_t number) noexcept
    {
        if (number == framePointerNumber)
            m_row.framePointer = m_first.framePointer;
        else if (number == returnAddressNumber)
            m_row.returnAddress = m_first.returnAddress;
    }

    UnwindRule toRule(const Row &row) const noexcept
    {
        UnwindRule rule;
        constexpr std::int64_t largest = 1 << 30;
        if (row.returnAddress != -8 || row.framePointer > 0 || row.framePointer < -largest || row.endOffset > largest)
            return rule;
        rule.size = static_cast<std::int32_t>(row.endOffset);
        rule.framePointer = static_cast<std::int32_t>(row.framePointer);
        if (row.endRegister == stackPointerNumber)
            rule.base = UnwindRule::Base::StackPointer;
        else if (row.endRegister == framePointerNumber)
            rule.base = UnwindRule::Base::FramePointer;
        return rule;
    }

    const std::uintptr_t m_wanted;
    const unsigned char *m_own = nullptr; // the function's table
    Reader m_commonProgram;
    Reader m_ownProgram;
    std::size_t m_pointerSize = 0;
    std::uint64_t m_codeUnit = 0;
    std::int64_t m_dataUnit = 0;

    std::uintptr_t m_location = 0; // where the program has got to
    Row m_row;
    Row m_first; // after the common program
    std::array<Row, 8> m_remembered;
    std::size_t m_rememberedCount = 0;
};

} // namespace

UnwindRule readUnwindRule(std::uintptr_t address)
{
#ifdef __x86_64__
    return Table(address).read();
#else
    static_cast<void>(address);
    return UnwindRule();
#endif
}

} // namespace interloop
