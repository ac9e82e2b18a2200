// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/streamhandle.h>
#include <interloop/uv/ttymode.h>

#include <uv.h>

#include <string>

/*
 * A uv_tty_t on this thread's loop. It opens the terminal anew, so that its being non-blocking changes nothing for other
 * processes, nor for the descriptor it was made from.
 */

namespace interloop {

class TtyStream final : public StreamHandle
{
public:
    // For the terminal that `descriptor`, which stays the caller's, belongs to: libuv's error code, or 0 and the stream.
    static int make(UvRef<TtyStream> &stream, Pump &pump, int descriptor);

    std::string name() const override { return m_name; }

    // Both return libuv's error code.
    int size(int &columns, int &rows) noexcept { return uv_tty_get_winsize(&m_tty, &columns, &rows); }
    int setMode(TtyMode mode);

    TtyMode mode() const noexcept { return m_mode; }

private:
    explicit TtyStream(Pump &pump) noexcept : StreamHandle(pump, reinterpret_cast<uv_stream_t *>(&m_tty)) { }
    bool isEnd(int error) const noexcept override;
    void closing() noexcept override;

    uv_tty_t m_tty;
    std::string m_name; // "/dev/pts/3"
    TtyMode m_mode = TtyMode::Normal;
};

} // namespace interloop
