// SPDX-License-Identifier: MIT
#include <demo/parts/errorsentence.h>

#include <interloop/task/errors.h>

#include <QCoreApplication>

QString errorSentence(const std::exception_ptr &error)
{
    const auto text = [](const char *sentence) { return QCoreApplication::translate("Errors", sentence); };
    try {
        std::rethrow_exception(error);
    } catch (const interloop::RunSyncError &refusal) {
        if (refusal.reason() == interloop::Refusal::TooDeep)
            return text(QT_TRANSLATE_NOOP("Errors", "As many slots wait as may: another wait is refused."));
        return text(QT_TRANSLATE_NOOP("Errors", "This wait was refused: %1.")).arg(QString::fromUtf8(refusal.what()));
    } catch (...) {
        QString sentence = QString::fromStdString(interloop::errorText(error));
        if (!sentence.endsWith('.'))
            sentence += '.';
        return sentence;
    }
}
