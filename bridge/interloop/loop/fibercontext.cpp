// SPDX-License-Identifier: MIT
#include <interloop/loop/fibercontext.h>

#include <interloop/loop/fences.h>
#include <interloop/loop/sanitizers.h>

#include <QtGlobal>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

#if INTERLOOP_PARKING
#include <boost/context/detail/fcontext.hpp>
#endif

/*
 * Boost's switch alone, without boost::context::fiber around it: that one is for one function each stack, keeps a record on
 * it that takes an eighth of its first page, and ends what is suspended by an exception.
 */

namespace interloop {

namespace {

#if INTERLOOP_PARKING
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using Transfer = boost::context::detail::transfer_t;
#else
class Transfer // nothing is ever switched
{
public:
    void *fctx = nullptr;
    void *data = nullptr;
};

Transfer jump_fcontext(void *, void *)
{
    return Transfer();
}

void *make_fcontext(void *, std::size_t, void (*)(Transfer))
{
    return nullptr;
}
#endif

// A function with a large frame must not step over it: a guard costs addresses only.
constexpr std::size_t guardSize = 64 * 1024;
constexpr std::size_t smallestStack = 16 * 1024;

std::size_t pageSize() noexcept
{
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

} // namespace

class FiberContext::Outermost
{
public:
    static void run(Transfer transfer) noexcept
    {
        // Nobody called it: backtraces end here.
#if defined(__x86_64__)
        asm volatile(".cfi_undefined rip");
#elif defined(__aarch64__)
        asm volatile(".cfi_undefined x30");
#endif
        static_cast<FiberContext *>(transfer.data)->run(transfer.fctx);
    }
};

bool FiberContext::isBuilt() noexcept
{
    return INTERLOOP_PARKING;
}

FiberContext::FiberContext(std::size_t stackSize)
{
    m_guard = std::max(guardSize, pageSize());
    const std::size_t wanted = std::max(stackSize, smallestStack);
    if (!isBuilt() || wanted > std::numeric_limits<std::size_t>::max() - m_guard - pageSize())
        throw std::bad_alloc();

    const std::size_t size = (wanted + pageSize() - 1) / pageSize() * pageSize();
    void *mapping = mmap(nullptr, m_guard + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED)
        throw std::bad_alloc();
    char *lowest = static_cast<char *>(mapping) + m_guard;
    if (mprotect(lowest, size, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapping, m_guard + size);
        throw std::bad_alloc();
    }
    madvise(lowest, size, MADV_NOHUGEPAGE); // else the first byte may cost 2 MiB; fails harmlessly where there are none

    m_bounds = StackBounds(lowest, size);
    m_announced = sanitizers::announceStack(lowest, lowest + size);
    m_thread = sanitizers::makeThread();
    m_suspended = make_fcontext(lowest + size, size, &Outermost::run);
    enter(); // as far as the loop in run()
}

FiberContext::~FiberContext()
{
    if (!isIdle())
        qFatal("interloop: a stack was freed while code ran or was suspended on it");
    m_entry = nullptr;
    enter(); // out of the loop in run()
    sanitizers::destroyThread(m_thread);
    sanitizers::forgetStack(m_bounds.lowest(), m_bounds.size(), m_announced);
    char *lowest = const_cast<char *>(static_cast<const char *>(m_bounds.lowest()));
    munmap(lowest - m_guard, m_guard + m_bounds.size());
}

void FiberContext::start(Entry entry, void *argument)
{
    if (!isIdle())
        qFatal("interloop: a stack was started while code ran or was suspended on it");
    m_entry = entry;
    m_argument = argument;
    m_exceptions = ExceptionState();
    enter();
}

void FiberContext::resume()
{
    if (m_state != State::Suspended)
        qFatal("interloop: a stack was resumed that was not suspended");
    enter();
}

void FiberContext::park()
{
    if (m_state != State::Running)
        qFatal("interloop: a stack was parked that did not run");
    m_state = State::Suspended;
    leave(Again::Yes);
}

// On this stack, for as long as it exists.
void FiberContext::run(void *resumer)
{
    arrive(resumer, nullptr);
    m_base = __builtin_frame_address(0);
    m_bounds.adoptFakeStack();
    for (;;) {
        m_state = State::Idle;
        leave(Again::Yes);
        if (!m_entry)
            break;
        m_entry(m_argument);
    }
    leave(Again::Never);
    Q_UNREACHABLE();
}

// On the other stack: this one runs until it leaves.
void FiberContext::enter()
{
    m_state = State::Running;
    const bool isExchanging = Fences::exceptionState;
    const ExceptionState outside = isExchanging ? m_exceptions.exchange() : ExceptionState();

    m_resumerThread = sanitizers::currentThread();
    void *fakeStack = nullptr;
    sanitizers::beginSwitch(&fakeStack, m_bounds.lowest(), m_bounds.size());
    sanitizers::switchThread(m_thread);
    m_suspended = jump_fcontext(m_suspended, this).fctx;
    sanitizers::endSwitch(fakeStack, nullptr, nullptr);

    if (isExchanging)
        m_exceptions = outside.exchange();
}

// On this stack: whoever entered it goes on. Returns when it is entered again.
void FiberContext::leave(Again again)
{
    void *fakeStack = nullptr;
    sanitizers::beginSwitch(again == Again::Yes ? &fakeStack : nullptr, m_resumerLowest, m_resumerSize);
    sanitizers::switchThread(m_resumerThread);
    void *resumer = jump_fcontext(m_resumer, nullptr).fctx;
    arrive(resumer, fakeStack);
}

void FiberContext::arrive(void *resumer, void *fakeStack)
{
    sanitizers::endSwitch(fakeStack, &m_resumerLowest, &m_resumerSize);
    m_resumer = resumer;
}

std::size_t FiberContext::highWaterMark() const noexcept
{
    const char *highest = static_cast<const char *>(m_bounds.highest());
    char *lowest = const_cast<char *>(static_cast<const char *>(m_bounds.lowest()));
    std::array<unsigned char, 64> flags = {}; // one a page
    while (lowest < highest) {
        const std::size_t pages = std::min<std::size_t>(flags.size(), (highest - lowest) / pageSize());
        if (mincore(lowest, pages * pageSize(), flags.data()) != 0)
            return 0;
        for (std::size_t i = 0; i < pages; ++i, lowest += pageSize()) {
            if (flags[i] & 1)
                return highest - lowest;
        }
    }
    return 0;
}

} // namespace interloop
