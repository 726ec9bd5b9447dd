// Netlink messages byte by byte, as the kernel sends them (netlink(7), rtnetlink(7)).
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace weir::netlink {

using Message = std::vector<std::byte>;

inline void append(Message& message, const void* data, std::size_t size) {
  const std::size_t at = message.size();
  message.resize(at + (size + 3) / 4 * 4);
  std::memcpy(message.data() + at, data, size);
}

template <typename T>
void append(Message& message, const T& value) {
  append(message, &value, sizeof(T));
}

inline void append_attribute(Message& message, std::uint16_t type, const void* data,
                             std::size_t size) {
  append(message,
         nlattr{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + size), .nla_type = type});
  append(message, data, size);
}

template <typename T>
void append_attribute(Message& message, std::uint16_t type, const T& value) {
  append_attribute(message, type, &value, sizeof(T));
}

// With the zero at its end.
inline void append_text(Message& message, std::uint16_t type, std::string_view text) {
  append_attribute(message, type, std::string(text).c_str(), text.size() + 1);
}

inline Message finished(const Message& message, std::uint16_t type) {
  Message whole;
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + message.size());
  header.nlmsg_type = type;
  append(whole, header);
  whole.insert(whole.end(), message.begin(), message.end());
  return whole;
}

}  // namespace weir::netlink
