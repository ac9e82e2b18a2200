// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/uv/stream.h>
#include <interloop/uv/ttymode.h>

#include <QSize>
#include <QString>

/*
 * The terminal that a program talks to its user by. libuv manual, "uv_tty_t". Reads and writes are Stream's.
 *
 *     if (Tty::isTerminal(0)) {
 *         Tty terminal = Tty::open(0);
 *         terminal.setMode(TtyMode::Raw);
 *         const QByteArray key = co_await terminal.read();
 *     }
 *
 * In its normal mode a terminal hands over whole lines; Ctrl-D at the beginning of one is the end, and so is a terminal
 * that goes away. What a program writes while somebody has stopped the terminal (Ctrl-S) waits like any write. Changes of
 * its size are told by the signal SIGWINCH.
 */

namespace interloop {

class TtyStream;

class INTERLOOP_EXPORT Tty : public Stream
{
public:
    Tty() noexcept = default; // closed

    // Opens the terminal that `descriptor` belongs to, such as 0, 1 or 2, once more; the descriptor stays the caller's and
    // as it is. Throws std::system_error (inappropriate_io_control_operation) unless it is one. (Where the terminal cannot
    // be opened, as one of another user after `su`, writing blocks the thread.)
    static Tty open(int descriptor);
    static bool isTerminal(int descriptor) noexcept;

    QString name() const; // "/dev/pts/3"; empty when closed

    // Columns and rows as width and height; 0 x 0 when the terminal does not know. Throws std::system_error.
    QSize size() const;

    // The terminal's, for all who use it: it gets back what it was in when this Tty, and all others with another mode
    // than Normal, are closed; also when the process exits by exit() or the end of main(), and by nothing else: a
    // program that signals may end catches them. Waits until what was written is printed. Throws std::system_error.
    void setMode(TtyMode mode);
    TtyMode mode() const noexcept; // what this Tty has asked for

private:
    explicit Tty(UvRef<TtyStream> stream) noexcept;
    TtyStream &tty() const noexcept; // REQUIRES: isOpen()
};

} // namespace interloop
