// SPDX-License-Identifier: MIT
//
// A program outside the project. Exceptions cross from the library into it and are caught here by their types.

#include <interloop/interloop.h>

#include <QCoreApplication>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using interloop::Task;

namespace {

int failures = 0;

void check(bool holds, const char *what)
{
    if (!holds) {
        std::fprintf(stderr, "failed: %s\n", what);
        ++failures;
    }
}

Task<int> answerLater()
{
    co_await interloop::sleepFor(5ms);
    co_return 42;
}

Task<> fail()
{
    co_await interloop::yield();
    throw std::invalid_argument("the task's own");
}

template<typename Exception, typename Function>
bool throws(Function function)
{
    try {
        function();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

} // namespace

int main(int argc, char **argv)
{
    check(throws<interloop::RunSyncError>([] { interloop::runSync(answerLater()); }), "no application: refused");

    QCoreApplication application(argc, argv);
    check(interloop::runSync(answerLater()) == 42, "a value");
    check(throws<std::invalid_argument>([] { interloop::runSync(fail()); }), "the task's exception");
    check(throws<interloop::TimeoutError>(
                  [] { interloop::runSync(interloop::withTimeout(1ms, answerLater())); }),
          "TimeoutError");
    check(throws<interloop::Cancelled>([] {
              const interloop::TaskHandle<int> handle = interloop::spawn(answerLater());
              handle.cancel();
              interloop::runSync(handle);
          }),
          "Cancelled");
    check(interloop::tryRunSync(fail()).outcome() == interloop::Outcome::Exception, "tryRunSync");
    std::puts(failures == 0 ? "ok" : "not ok");
    return failures;
}
