// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

/*
 * The place a result is put into: empty, then a value or an exception.
 *
 * T may be void, a reference, move-only, and need not be default-constructible. Taking moves the value out and leaves
 * the slot marked as taken, so that a second take is an error and never a moved-from value.
 */

namespace interloop {

template<typename T>
class Slot
{
    static_assert(!std::is_rvalue_reference_v<T>, "a result is a value, an lvalue reference or void");

    struct Void
    {
    };
    using Stored = std::conditional_t<std::is_void_v<T>, Void,
                                      std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T> *, T>>;

public:
    bool isSettled() const noexcept { return m_state.index() != Empty; }
    bool hasValue() const noexcept { return m_state.index() == HasValue || m_state.index() == Taken; }

    template<typename... U>
    void setValue(U &&...value)
    {
        if constexpr (std::is_reference_v<T>)
            m_state.template emplace<HasValue>(std::addressof(value)...);
        else
            m_state.template emplace<HasValue>(std::forward<U>(value)...);
    }

    void setException(std::exception_ptr error) noexcept { m_state.template emplace<Failed>(std::move(error)); }

    // Takes over what `other` holds. REQUIRES: this slot is empty
    void moveFrom(Slot &other) noexcept
    {
        if (auto *value = std::get_if<HasValue>(&other.m_state))
            m_state.template emplace<HasValue>(std::move(*value));
        else if (auto *error = std::get_if<Failed>(&other.m_state))
            m_state.template emplace<Failed>(std::move(*error));
        else if (other.m_state.index() == Taken)
            m_state.template emplace<Taken>();
    }

    std::exception_ptr exception() const noexcept
    {
        const auto *error = std::get_if<Failed>(&m_state);
        return error ? *error : nullptr;
    }

    // The value, kept. Throws the exception, or std::logic_error when the value was taken or never came.
    std::conditional_t<std::is_object_v<T>, std::add_lvalue_reference_t<const std::remove_reference_t<T>>, T>
    get() const
    {
        throwUnlessValue();
        if constexpr (std::is_reference_v<T>)
            return **std::get_if<HasValue>(&m_state);
        else if constexpr (!std::is_void_v<T>)
            return *std::get_if<HasValue>(&m_state);
    }

    // The value, moved out. Throws as get() does.
    T take()
    {
        throwUnlessValue();
        if constexpr (std::is_reference_v<T>) {
            return **std::get_if<HasValue>(&m_state);
        } else if constexpr (!std::is_void_v<T>) {
            T value(std::move(*std::get_if<HasValue>(&m_state)));
            m_state.template emplace<Taken>();
            return value;
        }
    }

private:
    enum State : std::size_t { Empty, HasValue, Failed, Taken };
    struct TakenMark
    {
    };

    void throwUnlessValue() const
    {
        if (m_state.index() == HasValue) [[likely]]
            return;
        if (const auto *error = std::get_if<Failed>(&m_state))
            std::rethrow_exception(*error);
        throw std::logic_error(m_state.index() == Taken ? "the result was already taken" : "there is no result yet");
    }

    std::variant<std::monostate, Stored, std::exception_ptr, TakenMark> m_state;
};

} // namespace interloop
