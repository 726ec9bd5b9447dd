#include "firewall/netlink.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace weir::firewall {

namespace {

// Messages and attributes begin at multiples of four (NLMSG_ALIGN, NLA_ALIGN).
constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

Error failed(const char* what, int code) {
  return Error(std::string("netlink: cannot ") + what + ": " + strerror(code));
}

}  // namespace

void each_message(Bytes datagram, const std::function<void(const nlmsghdr&, Bytes)>& each) {
  while (const auto header = read_as<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) {
      return;
    }
    each(*header, datagram.first(header->nlmsg_len));
    datagram = datagram.subspan(std::min(aligned(header->nlmsg_len), datagram.size()));
  }
}

void each_attribute(Bytes message, std::size_t skip,
                    const std::function<void(std::uint16_t, Bytes)>& each) {
  skip = aligned(skip);
  if (message.size() < skip) {
    return;
  }
  Bytes rest = message.subspan(skip);
  while (const auto header = read_as<nlattr>(rest)) {
    if (header->nla_len < sizeof(nlattr) || header->nla_len > rest.size()) {
      return;
    }
    each(static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
         rest.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr)));
    rest = rest.subspan(std::min(aligned(header->nla_len), rest.size()));
  }
}

std::string text_of(Bytes attribute) {
  std::string text;
  for (const std::byte byte : attribute) {
    if (byte == std::byte{0}) {
      break;
    }
    text += static_cast<char>(byte);
  }
  return text;
}

Result<Descriptor> open_netlink(int protocol, int more_flags) {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | more_flags, protocol));
  if (!socket.valid()) {
    return failed("open a socket", errno);
  }
  // Without an address of its own the socket counts as the kernel, who hears no announcements.
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failed("bind a socket", errno);
  }
  return socket;
}

Result<> dump(const Descriptor& socket, std::uint16_t type, Bytes request,
              const std::function<void(Bytes)>& each) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + request.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::vector<std::byte> message(header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof(header));
  std::memcpy(message.data() + sizeof(header), request.data(), request.size());
  if (send(socket.get(), message.data(), message.size(), 0) < 0) {
    return failed("ask", errno);
  }
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  int code = 0;
  for (bool done = false; !done;) {
    const ssize_t size = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return failed("hear the answer", size < 0 ? errno : ECONNRESET);
    }
    each_message(Bytes(buffer).first(static_cast<std::size_t>(size)),
                 [&](const nlmsghdr& part, Bytes bytes) {
                   if (part.nlmsg_type == NLMSG_DONE || part.nlmsg_type == NLMSG_ERROR) {
                     done = true;
                     const auto error = read_as<int>(bytes.subspan(sizeof(nlmsghdr)));
                     code = error ? -*error : 0;
                   } else {
                     each(bytes);
                   }
                 });
  }
  // A table that nobody ever used does not exist.
  if (code != 0 && code != ENOENT) {
    return failed("read", code);
  }
  return Done{};
}

}  // namespace weir::firewall
