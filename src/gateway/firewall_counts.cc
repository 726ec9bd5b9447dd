#include "gateway/firewall_counts.h"

#include <utility>

namespace weir {

FirewallCounts::FirewallCounts(Loop& loop, OwnFirewall& firewall)
    : firewall_(firewall), timeout_(loop, [this]() { answer_all(); }) {}

void FirewallCounts::ask(std::chrono::seconds oldest, Answer answer) {
  if (read_at_ && clock_now() - *read_at_ < oldest) {
    answer(last_);
    return;
  }
  asking_.push_back(std::move(answer));
  if (asking_.size() == 1) {
    timeout_.once(longest);
  }
  if (std::exchange(is_reading_, true)) {
    return;
  }
  firewall_.count([this](firewall::Counts counts) {
    is_reading_ = false;
    read_at_ = clock_now();
    last_ = std::move(counts);
    answer_all();
  });
}

void FirewallCounts::answer_all() {
  timeout_.stop();
  for (const auto& answer : std::exchange(asking_, {})) {
    answer(last_);
  }
}

}  // namespace weir
