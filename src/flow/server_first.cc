#include "flow/server_first.h"

namespace weir {

void ServerFirst::learn(const Endpoint& destination, Instant now) {
  if (until_.size() >= most) {
    std::erase_if(until_, [now](const auto& one) { return one.second <= now; });
  }
  if (until_.size() < most || until_.contains(destination)) {
    until_[destination] = now + kept;
  }
}

bool ServerFirst::is_known(const Endpoint& destination, Instant now) const {
  const auto found = until_.find(destination);
  return found != until_.end() && now < found->second;
}

}  // namespace weir
