// SPDX-License-Identifier: MIT
//
// A program outside the project, with windows.

#include <interloop/interloop.h>
#include <interloop/widgets/widgets.h>

#include <QApplication>
#include <QMessageBox>
#include <QTimer>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;
using interloop::Task;

namespace {

class Window : public QWidget
{
private:
    void closeEvent(QCloseEvent *event) override { interloop::confirmClose(this, event, save()); }

    Task<bool> save()
    {
        const interloop::BusyGuard busy(this);
        co_await interloop::sleepFor(5ms);
        co_return true;
    }
};

Task<int> ask(QWidget *parent)
{
    QMessageBox box(QMessageBox::Question, "title", "text", QMessageBox::Yes | QMessageBox::No, parent);
    QTimer::singleShot(5, &box, [&box] { box.done(QMessageBox::Yes); });
    co_return co_await interloop::execDialog(&box);
}

} // namespace

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    Window window;
    window.show();
    const int answer = interloop::withProgress(&window, "asking", ask(&window));
    if (answer != QMessageBox::Yes || !window.close()) {
        std::fputs("not ok\n", stderr);
        return 1;
    }
    std::puts("ok");
    return 0;
}
