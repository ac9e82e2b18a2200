// SPDX-License-Identifier: MIT
#include <interloop/uv/tty.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/ttyhandle.h>

#include <string>

namespace interloop {

Tty::Tty(UvRef<TtyStream> stream) noexcept : Stream(UvRef<StreamHandle>(&*stream)) { }

Tty Tty::open(int descriptor)
{
    UvRef<TtyStream> stream;
    if (const int error = TtyStream::make(stream, currentPump(), descriptor))
        throw uvError(error, "open the terminal of descriptor " + std::to_string(descriptor));
    return Tty(std::move(stream));
}

bool Tty::isTerminal(int descriptor) noexcept
{
    return uv_guess_handle(descriptor) == UV_TTY;
}

TtyStream &Tty::tty() const noexcept
{
    return static_cast<TtyStream &>(*m_handle); // made by the constructor above
}

QString Tty::name() const
{
    return isOpen() ? QString::fromStdString(tty().name()) : QString();
}

QSize Tty::size() const
{
    requireOpen("size of");
    int columns = 0;
    int rows = 0;
    if (const int error = tty().size(columns, rows))
        throw uvError(error, tty().describe("size of"));
    return QSize(columns, rows);
}

void Tty::setMode(TtyMode mode)
{
    requireOpen("set the mode of");
    if (const int error = tty().setMode(mode))
        throw uvError(error, tty().describe("set the mode of"));
}

TtyMode Tty::mode() const noexcept
{
    return isOpen() ? tty().mode() : TtyMode::Normal;
}

} // namespace interloop
