// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/errors.h>

#include <QObject>
#include <QPointer>

#include <type_traits>

/*
 * Access to an object that may die during a wait: where a plain pointer would dangle, it throws Cancelled
 * (ContextDestroyed), which unwinds the task or slot as a cancellation does, silently in interloop::connect and spawn.
 *
 *     connect(button, &QPushButton::clicked, qApp, [this]() -> Task<> {
 *         const Guarded self(this); // first: while there is a `this`
 *         const QString text = co_await fetch(url);
 *         self->m_label->setText(text); // throws when the window has gone
 *     });
 *
 * It says nothing by itself: bindTo() ends the wait when the object dies; this one notices at the next access.
 *
 * It is a QPointer underneath and has its rules. It is empty from ~QObject on, of a widget from ~QWidget on: before that,
 * while destructors of derived classes run, it gives access to an object that is partly destroyed. The object and all
 * that use it belong to one thread.
 */

namespace interloop {

template<typename T>
class Guarded
{
public:
    explicit Guarded(T *object) : m_pointer(object)
    {
        static_assert(std::is_base_of_v<QObject, T>, "only a QObject can be guarded");
    }

    // Throw Cancelled (ContextDestroyed) when the object has gone, or never was.
    T *operator->() const { return &**this; }
    T &operator*() const
    {
        if (T *object = m_pointer.data()) [[likely]]
            return *object;
        throw Cancelled(Outcome::ContextDestroyed);
    }

    // nullptr when the object has gone.
    T *data() const noexcept { return m_pointer.data(); }
    explicit operator bool() const noexcept { return m_pointer.data(); }

private:
    QPointer<T> m_pointer;
};

} // namespace interloop
