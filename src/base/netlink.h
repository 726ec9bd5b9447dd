// The little of netlink that weir speaks (netlink(7)), over libmnl: opening a socket, asking for
// one answer or for a dump, walking messages and their attributes. Sizes are checked here and
// nowhere else; readers get spans. What is walked begins where an nlmsghdr may.
//
// No state but the sockets, which the caller owns. Any thread.
#pragma once

#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/descriptor.h"
#include "weir/result.h"

namespace weir::netlink {

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

// What follows the nlmsghdr of a message, at its beginning.
template <typename T>
[[nodiscard]] std::optional<T> body_as(Bytes message) {
  return message.size() < sizeof(nlmsghdr) ? std::nullopt
                                           : read_as<T>(message.subspan(sizeof(nlmsghdr)));
}

// Calls `each` with every message of a datagram, header included.
void each_message(Bytes datagram, const std::function<void(const nlmsghdr&, Bytes)>& each);

// Calls `each` with type and content of every attribute behind a header of `skip` bytes.
void each_attribute(Bytes message, std::size_t skip,
                    const std::function<void(std::uint16_t, Bytes)>& each);

// An attribute that is text, without the zero at its end.
[[nodiscard]] std::string text_of(Bytes attribute);

// A question: the header of the family that is asked, and attributes.
class Request {
 public:
  template <typename Header>
  Request(std::uint16_t type, const Header& header) : Request(type, as_bytes(header)) {}

  template <typename T>
  void add(std::uint16_t type, const T& value) {
    add(type, as_bytes(value));
  }

  // The whole message, with these NLM_F_ flags.
  [[nodiscard]] std::vector<std::byte> message(std::uint16_t flags) const;

 private:
  template <typename T>
  static Bytes as_bytes(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_bytes(std::span(&value, 1));
  }
  Request(std::uint16_t type, Bytes header);
  void add(std::uint16_t type, Bytes content);

  alignas(nlmsghdr) std::array<std::byte, 1024> message_{};
};

[[nodiscard]] Result<Descriptor> open(int protocol, int more_flags = 0);

// The one message that answers a question; what the kernel says against it is the error. Does not
// wait: the kernel has answered when it has been asked, or has no memory for it.
[[nodiscard]] Result<std::vector<std::byte>> ask(const Descriptor& socket, const Request& request);

// The same for a caller that needs to know the errno that the kernel answers with.
struct Exchanged {
  int error = 0;
  std::vector<std::byte> message;  // where there is no error
};
[[nodiscard]] Exchanged exchange(const Descriptor& socket, const Request& request);

// Gives every message of the answer to a question for all there are.
[[nodiscard]] Result<> dump(const Descriptor& socket, const Request& request,
                            const std::function<void(Bytes)>& each);

// A socket that hears what the kernel announces to these multicast groups (RTNLGRP_…, NFNLGRP_…),
// to be read with drain().
[[nodiscard]] Result<Descriptor> subscribe(int protocol, std::initializer_list<int> groups);

// Calls `each` with every message that has arrived. False when some were lost: then the caller has
// to ask the kernel for the whole state.
[[nodiscard]] bool drain(const Descriptor& socket, const std::function<void(Bytes)>& each);

}  // namespace weir::netlink
