// The little of netlink that weir speaks: opening a socket, asking for a dump, walking messages and
// their attributes. Sizes are checked here and nowhere else; readers get spans.
//
// Any thread.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir::firewall {

using Bytes = std::span<const std::byte>;

// A value at the beginning of the bytes; none when they are too few.
template <typename T>
[[nodiscard]] std::optional<T> read_as(Bytes bytes) {
  if (bytes.size() < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// Calls `each` with every message of a datagram, header included.
void each_message(Bytes datagram, const std::function<void(const nlmsghdr&, Bytes)>& each);

// Calls `each` with type and content of every attribute behind a header of `skip` bytes.
void each_attribute(Bytes message, std::size_t skip,
                    const std::function<void(std::uint16_t, Bytes)>& each);

// An attribute that is text, without the zero at its end.
[[nodiscard]] std::string text_of(Bytes attribute);

[[nodiscard]] Result<Descriptor> open_netlink(int protocol, int more_flags = 0);

// Sends a dump request (without its nlmsghdr) and gives every message of the answer.
[[nodiscard]] Result<> dump(const Descriptor& socket, std::uint16_t type, Bytes request,
                            const std::function<void(Bytes)>& each);

}  // namespace weir::firewall
