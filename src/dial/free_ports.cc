#include "dial/free_ports.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>

namespace weir {
namespace {

std::optional<Port> port_of(std::string_view text) {
  Port port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(port)
                                                                  : std::nullopt;
}

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

FreePorts::FreePorts(std::string_view range, std::string_view reserved) {
  const auto blank = range.find_first_of("\t ");
  if (blank == std::string_view::npos) {
    return;
  }
  const auto first = port_of(range.substr(0, blank));
  const auto last = port_of(range.substr(range.find_first_not_of("\t ", blank)));
  if (!first || !last || *first == 0 || *last < *first) {
    return;
  }
  while (!reserved.empty()) {
    const auto comma = std::min(reserved.find(','), reserved.size());
    const std::string_view item = reserved.substr(0, comma);
    reserved.remove_prefix(std::min(comma + 1, reserved.size()));
    const auto dash = std::min(item.find('-'), item.size());
    const auto from = port_of(item.substr(0, dash));
    const auto to = dash == item.size() ? from : port_of(item.substr(dash + 1));
    if (!from || !to) {
      return;  // not understood: the kernel is
    }
    reserved_.push_back({*from, *to});
  }
  first_ = *first;
  count_ = std::uint32_t{*last} - *first + 1;
}

FreePorts FreePorts::of_kernel() {
  return {first_line("/proc/sys/net/ipv4/ip_local_port_range"),
          first_line("/proc/sys/net/ipv4/ip_local_reserved_ports")};
}

Port FreePorts::pick() {
  if (count_ == 0) {
    return 0;
  }
  if (left_ == 0) {
    if (getrandom(random_.data(), sizeof random_, 0) != sizeof random_) {
      return 0;
    }
    left_ = random_.size();
  }
  // A multiplication spreads 65,536 numbers over fewer ports: none is likelier than another by more
  // than a few in a hundred.
  const std::uint32_t number = random_[--left_];
  const auto port = static_cast<Port>(first_ + (number * count_ >> 16U));
  const bool is_reserved = std::any_of(reserved_.begin(), reserved_.end(), [&](const Range& range) {
    return port >= range.first && port <= range.last;
  });
  return is_reserved ? 0 : port;
}

}  // namespace weir
