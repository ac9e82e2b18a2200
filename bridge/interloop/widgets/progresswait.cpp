// SPDX-License-Identifier: MIT
#include <interloop/widgets/progresswait.h>

#include <interloop/task/scheduler.h>
#include <interloop/widgets/progressview.h>

namespace interloop {

ProgressWait::ProgressWait(QWidget *parent, const QString &text, const ProgressOptions &options)
    : m_view(std::make_unique<ProgressView>(parent, text, options, m_progress))
{
}

ProgressWait::~ProgressWait() = default;

ProgressWait::Showing::Showing(ProgressView &view) : m_view(view)
{
    m_view.begin(*currentScheduler().currentChain());
}

ProgressWait::Showing::~Showing()
{
    m_view.end();
}

QObject *parentObject(QWidget *parent) noexcept
{
    return parent;
}

} // namespace interloop
