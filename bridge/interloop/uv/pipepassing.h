// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/receivedhandle.h>

#include <QByteArray>
#include <uv.h>

/*
 * The bodies of PipeSocket's sending and receiving of handles. `pipe` is a PipeStream, or null.
 */

namespace interloop {

class StreamHandle;

// `copy` may be an error code instead.
Task<> sendCopy(UvRef<StreamHandle> pipe, ReceivedHandle copy, QByteArray data);

Task<ReceivedHandle> receiveNext(UvRef<StreamHandle> pipe, qsizetype limit);

// What StreamHandle::beforeRead() says of a socket that handles come over; `buffer` gets as small as what is there.
// UV_EMFILE: there are too few descriptors for the handles; UV_EMSGSIZE: more in one message than libuv has room for.
int lookAhead(int socket, uv_buf_t &buffer) noexcept;

} // namespace interloop
