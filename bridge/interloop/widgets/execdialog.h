// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QtGlobal>

QT_BEGIN_NAMESPACE
class QDialog;
QT_END_NAMESPACE

/*
 * A modal dialog as something to await: QDialog::exec() without its event loop.
 *
 *     QMessageBox box(QMessageBox::Question, title, text, QMessageBox::Save | QMessageBox::Discard, this);
 *     const int answer = co_await execDialog(&box);
 *
 * Invariant: the result is the dialog's own, as exec() would return it; when there is none, the await throws.
 */

namespace interloop {

// The end of `dialog`: a QDialog::DialogCode or, of a QMessageBox, the StandardButton. It stays its owner's, unless it
// has WA_DeleteOnClose: then it is deleted after the wait.
// Starts: opens the dialog, modal to its parent's window (QDialog::open()), when awaited; one that is visible already
// is left as it is. Resumes: from the ready queue, after the dialog was hidden. Cancel: ends the wait; then the dialog
// is rejected, and hidden if it refuses. Buffers: none; its deletion, also before the await, throws SenderDestroyed.
Task<int> execDialog(QDialog *dialog);

} // namespace interloop
