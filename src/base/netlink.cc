#include "base/netlink.h"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "base/transparent.h"

namespace weir::netlink {

namespace {

// More than the answer to a question for one thing takes.
constexpr std::size_t one_answer = 4096;

Error failed(const char* what, int code) {
  return Error(std::string("netlink: cannot ") + what + ": " + strerror(code));
}

Result<> send(const Descriptor& socket, Bytes message) {
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) {
    return failed("ask", errno);
  }
  return Ok{};
}

Result<std::size_t> receive(const Descriptor& socket, std::span<std::byte> into, int flags) {
  ssize_t size = 0;
  do {
    size = recv(socket.get(), into.data(), into.size(), flags);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) {
    return failed("hear the answer", size < 0 ? errno : ECONNRESET);
  }
  return static_cast<std::size_t>(size);
}

// The errno of a message that ends an answer or refuses one; 0 for none.
int said_against(Bytes message) {
  const auto error = body_as<int>(message);
  return error ? -*error : 0;
}

}  // namespace

void each_message(Bytes datagram, const std::function<void(const nlmsghdr&, Bytes)>& each) {
  int left = static_cast<int>(datagram.size());
  const auto* header = reinterpret_cast<const nlmsghdr*>(datagram.data());
  for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
    each(*header, Bytes(reinterpret_cast<const std::byte*>(header), header->nlmsg_len));
  }
}

void each_attribute(Bytes message, std::size_t skip,
                    const std::function<void(std::uint16_t, Bytes)>& each) {
  const std::byte* const end = message.data() + message.size();
  skip = MNL_ALIGN(skip);
  if (message.size() < skip) {
    return;
  }
  const auto* attribute = reinterpret_cast<const nlattr*>(message.data() + skip);
  const auto left = [&]() {
    return static_cast<int>(end - reinterpret_cast<const std::byte*>(attribute));
  };
  for (; mnl_attr_ok(attribute, left()); attribute = mnl_attr_next(attribute)) {
    each(mnl_attr_get_type(attribute),
         Bytes(static_cast<const std::byte*>(mnl_attr_get_payload(attribute)),
               mnl_attr_get_payload_len(attribute)));
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

Request::Request(std::uint16_t type, Bytes header) {
  nlmsghdr* message = mnl_nlmsg_put_header(message_.data());
  message->nlmsg_type = type;
  void* content = mnl_nlmsg_put_extra_header(message, header.size());
  std::memcpy(content, header.data(), header.size());
}

void Request::add(std::uint16_t type, Bytes content) {
  auto* message = reinterpret_cast<nlmsghdr*>(message_.data());
  const bool fits =
      mnl_attr_put_check(message, message_.size(), type, content.size(), content.data());
  assert(fits && "a question to the kernel is longer than its room");
  static_cast<void>(fits);
}

std::vector<std::byte> Request::message(std::uint16_t flags) const {
  nlmsghdr header{};
  std::memcpy(&header, message_.data(), sizeof header);
  header.nlmsg_flags = flags;
  std::vector<std::byte> message(message_.begin(), message_.begin() + header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof header);
  return message;
}

Result<Descriptor> open(int protocol, int more_flags) {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | more_flags, protocol));
  if (!socket.valid()) {
    return failed("open a socket", errno);
  }
  // Without an address of its own the socket counts as the kernel, which hears no announcements.
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return failed("bind a socket", errno);
  }
  return socket;
}

Exchanged exchange(const Descriptor& socket, const Request& request) {
  const auto message = request.message(NLM_F_REQUEST);
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) {
    return {.error = errno, .message = {}};
  }
  std::vector<std::byte> answer(one_answer);
  ssize_t size = 0;
  do {
    size = recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) {
    return {.error = size < 0 ? errno : ECONNRESET, .message = {}};
  }
  answer.resize(static_cast<std::size_t>(size));
  const auto header = read_as<nlmsghdr>(answer);
  if (!header) {
    return {.error = EBADMSG, .message = {}};
  }
  if (header->nlmsg_type == NLMSG_ERROR) {
    return {.error = said_against(answer), .message = {}};
  }
  return {.error = 0, .message = std::move(answer)};
}

Result<std::vector<std::byte>> ask(const Descriptor& socket, const Request& request) {
  auto answer = exchange(socket, request);
  if (answer.error != 0) {
    return failed("get an answer", answer.error);
  }
  return std::move(answer.message);
}

Result<> dump(const Descriptor& socket, const Request& request,
              const std::function<void(Bytes)>& each) {
  if (const auto sent = send(socket, request.message(NLM_F_REQUEST | NLM_F_DUMP)); !sent) {
    return sent.error();
  }
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  int code = 0;
  for (bool done = false; !done;) {
    const auto size = receive(socket, buffer, 0);
    if (!size) {
      return size.error();
    }
    each_message(Bytes(buffer).first(size.value()), [&](const nlmsghdr& part, Bytes message) {
      if (part.nlmsg_type == NLMSG_DONE || part.nlmsg_type == NLMSG_ERROR) {
        done = true;
        code = said_against(message);
      } else {
        each(message);
      }
    });
  }
  // A table that was never used does not exist.
  if (code != 0 && code != ENOENT) {
    return failed("read", code);
  }
  return Ok{};
}

Result<Descriptor> subscribe(int protocol, std::initializer_list<int> groups) {
  auto socket = open(protocol, SOCK_NONBLOCK);
  if (!socket) {
    return socket;
  }
  // When a table with thousands of set elements goes, the kernel announces each of them.
  constexpr int room = 1 << 20;
  (void)set_option(socket.value().get(), SOL_SOCKET, SO_RCVBUFFORCE, room);
  for (const int group : groups) {
    if (!set_option(socket.value().get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)) {
      return failed("hear announcements", errno);
    }
  }
  return socket;
}

bool drain(const Descriptor& socket, const std::function<void(Bytes)>& each) {
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  for (;;) {
    const ssize_t size = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return errno != ENOBUFS;
    }
    if (size == 0) {
      return true;
    }
    each_message(Bytes(buffer).first(static_cast<std::size_t>(size)),
                 [&](const nlmsghdr&, Bytes message) { each(message); });
  }
}

}  // namespace weir::netlink
