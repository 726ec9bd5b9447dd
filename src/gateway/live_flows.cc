#include "gateway/live_flows.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir {

LiveFlows::LiveFlows(Loop& loop, Mailbox& mailbox, Workers& workers)
    : mailbox_(mailbox), workers_(workers), later_(loop, [this]() { begin_next(); }) {}

void LiveFlows::list(const FlowFilter& filter, ListAnswer answer) {
  const auto same = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Wanted& wanted) { return wanted.filter == filter; });
  if (same != waiting_.end()) {
    same->answers.push_back(std::move(answer));
    return;
  }
  if (waiting_.size() >= max_waiting && filter.haste == FlowFilter::Haste::can_wait) {
    answer(nullptr);
    return;
  }
  Wanted wanted{.filter = filter, .answers = {}};
  wanted.answers.push_back(std::move(answer));
  // A request that cannot wait goes before those that can.
  const auto position =
      filter.haste == FlowFilter::Haste::can_wait
          ? waiting_.end()
          : std::find_if(waiting_.begin(), waiting_.end(), [](const Wanted& other) {
              return other.filter.haste == FlowFilter::Haste::can_wait;
            });
  waiting_.insert(position, std::move(wanted));
  begin_next();
}

void LiveFlows::begin_next() {
  if (current_ || waiting_.empty()) {
    return;
  }
  const Instant now = clock_now();
  const bool can_wait = waiting_.front().filter.haste == FlowFilter::Haste::can_wait;
  if (can_wait && begun_ && now < *begun_ + pause) {
    later_.once(std::chrono::ceil<Milliseconds>(*begun_ + pause - now));
    return;
  }
  begun_ = now;
  current_ = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  walk(current_->filter);
}

void LiveFlows::walk(const FlowFilter& filter) {
  walked_ = {.list = {}, .outstanding = workers_.all().size()};
  workers_.post([this, filter](Worker& self) {
    auto part = std::make_shared<FlowList>();
    self.walk(
        [filter, part](const FlowView& flow) {
          if (!matches(filter, flow.core)) {
            return;
          }
          ++part->total;
          if (part->flows.size() < filter.limit) {
            part->flows.push_back(flow.record());
            part->flows.back().live = true;
          }
        },
        [this, part]() { mailbox_.post([this, part]() { take(std::move(*part)); }); });
  });
}

void LiveFlows::take(FlowList part) {
  FlowList& list = walked_.list;
  list.total += part.total;
  const auto room = static_cast<std::size_t>(current_->filter.limit) - list.flows.size();
  const auto end =
      part.flows.begin() + static_cast<std::ptrdiff_t>(std::min(room, part.flows.size()));
  list.flows.insert(list.flows.end(), std::make_move_iterator(part.flows.begin()),
                    std::make_move_iterator(end));
  if (--walked_.outstanding != 0) {
    return;
  }
  const auto whole = std::make_shared<const FlowList>(std::exchange(list, {}));
  const auto answers = std::exchange(current_, std::nullopt)->answers;
  for (const ListAnswer& answer : answers) {
    answer(whole);
  }
  begin_next();
}

void LiveFlows::top_talkers(TopTalkersAnswer answer) {
  if (found_.top_talkers && clock_now() - found_.at < top_talkers_are_fresh) {
    answer(found_.top_talkers);
    return;
  }
  found_.asking.push_back(std::move(answer));
  if (found_.asking.size() > 1) {
    return;  // the workers are being asked
  }
  auto parts = std::make_shared<std::vector<TopTalkerScan::Part>>();
  workers_.post([this, parts](Worker& self) {
    self.find_top_talkers([this, parts](TopTalkerScan::Part found) {
      auto part = std::make_shared<TopTalkerScan::Part>(std::move(found));
      mailbox_.post([this, parts, part]() {
        parts->push_back(std::move(*part));
        if (parts->size() != workers_.all().size()) {
          return;
        }
        found_.top_talkers = std::make_shared<TopTalkers>(TopTalkerScan::merge(std::move(*parts)));
        found_.at = clock_now();
        for (const auto& ask : std::exchange(found_.asking, {})) {
          ask(found_.top_talkers);
        }
      });
    });
  });
}

void LiveFlows::close(const std::string& id, std::function<void(bool)> answer) {
  workers_.ask<char>([id](Worker& self) { return static_cast<char>(self.close_flow(id)); },
                     [answer = std::move(answer)](const std::vector<char>& closed) {
                       answer(std::find(closed.begin(), closed.end(), 1) != closed.end());
                     });
}

}  // namespace weir
