// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/widgets/widgets.h>

#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTextStream>
#include <QTimer>
#include <QVBoxLayout>

/*
 * A progress dialog in one line: withProgress is runSync with a window. The task knows nothing of it: it tells its
 * progress to whoever follows.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

Task<int> develop(int photographs)
{
    Progress progress = Progress::current(); // ignores all when nobody follows
    progress.setRange(0, photographs);
    for (int i = 1; i <= photographs; ++i) {
        progress.setText("Photograph " + std::to_string(i));
        co_await sleepFor(30ms); // the work
        progress.setValue(i);
    }
    co_return photographs;
}

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    QWidget window;
    QSpinBox photographs;
    QPushButton button(QStringLiteral("&Develop"));
    QLineEdit status;
    QVBoxLayout layout(&window);
    layout.addWidget(&photographs);
    layout.addWidget(&button);
    layout.addWidget(&status);
    photographs.setRange(1, 1000);
    photographs.setValue(100);
    status.setReadOnly(true);

    const auto developAll = [&window, &photographs, &status] {
        // Cancel, Esc and the dialog's close button end the task with Cancelled. The dialog comes after 400 ms: what is
        // quicker shows none.
        try {
            const int count = withProgress(&window, QStringLiteral("Developing"), develop(photographs.value()));
            status.setText(QStringLiteral("%1 are developed").arg(count));
        } catch (const Cancelled &cancelled) {
            if (cancelled.outcome() != Outcome::Cancelled)
                throw; // the program ends, or the window does
            status.setText(QStringLiteral("cancelled"));
        }
    };
    interloop::connect(&button, &QPushButton::clicked, &window, developAll);
    window.show();

    if (QGuiApplication::platformName() == QLatin1String("offscreen")) { // nobody can click: it does so itself
        QObject::connect(&status, &QLineEdit::textChanged, &window, &QWidget::close);
        photographs.setValue(20);
        QTimer::singleShot(0, &button, &QPushButton::click);
    }
    const int code = QApplication::exec();
    QTextStream(stdout) << status.text() << Qt::endl;
    Bridge::current().close();
    return code;
}
