#include "takeover/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/passed_descriptors.h"
#include "loop/loop.h"

namespace weir::takeover {
namespace {

constexpr std::size_t piece = std::size_t{64} * 1024;
constexpr std::size_t control_room = CMSG_SPACE(max_descriptors * sizeof(int));

Error failed(const std::string& what, int code) {
  return Error(what + ": " + std::strerror(code));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Channel::Channel(Descriptor socket) : socket_(std::move(socket)) {
  const int flags = fcntl(socket_.get(), F_GETFL);
  fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
}

Result<Channel> Channel::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error("'" + path + "' is too long for a socket");
  }
  path.copy(static_cast<char*>(address.sun_path), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return Error("no gateway is there to be taken over (" + path + ")");
    }
    return failed("cannot speak to the running gateway on " + path, errno);
  }
  return Channel(std::move(socket));
}

Result<Channel::Peer> Channel::peer() const {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return failed("cannot tell who the other gateway is", errno);
  }
  return Peer{.pid = peer.pid, .uid = peer.uid};
}

Result<> Channel::wait(short events, Instant until) const {
  while (true) {
    const auto left = std::chrono::ceil<Milliseconds>(until - clock_now());
    pollfd one{.fd = socket_.get(), .events = events, .revents = 0};
    constexpr std::int64_t longest = 60'000;
    const int ready =
        poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest)));
    if (ready > 0) {
      return Ok{};
    }
    if (ready < 0 && errno != EINTR) {
      return failed("poll", errno);
    }
    if (clock_now() >= until) {
      return Error("the other gateway did not answer in time");
    }
  }
}

Result<> Channel::send(FrameType type, std::string_view body, std::span<const int> descriptors,
                       Instant until) {
  if (descriptors.size() > max_descriptors || body.size() > largest_body) {
    return Error("there is more to hand over than fits one message");
  }
  std::string bytes;
  append_frame(type, descriptors.size(), body, bytes);
  alignas(cmsghdr) std::array<char, control_room> room{};
  std::size_t done = 0;
  while (done < bytes.size()) {
    iovec part{.iov_base = bytes.data() + done, .iov_len = bytes.size() - done};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (done == 0 && !descriptors.empty()) {
      attach_descriptors(message, descriptors, room);
    }
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) {
      continue;
    }
    if (errno == ETOOMANYREFS &&
        clock_now() < until) {  // the other side has not fetched enough of them
      static_cast<void>(poll(nullptr, 0, 1));
      continue;
    }
    if (errno != EAGAIN) {
      return failed("the other gateway is gone", errno);
    }
    if (auto waited = wait(POLLOUT, until); !waited) {
      return waited.error();
    }
  }
  return Ok{};
}

Result<> Channel::read_some() {
  std::string bytes(piece, '\0');
  alignas(cmsghdr) std::array<char, control_room> room{};
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  const ssize_t size = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) {
    return errno == EAGAIN || errno == EINTR ? Result<>(Ok{})
                                             : failed("the other gateway is gone", errno);
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      arrived_.emplace_back(fd);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    return Error("not all descriptors could be taken: the limit (RLIMIT_NOFILE) is too low");
  }
  if (size == 0) {
    return Error("the other gateway is gone");
  }
  bytes.resize(static_cast<std::size_t>(size));
  frames_.feed(bytes);
  return Ok{};
}

Result<Channel::Message> Channel::receive(Instant until) {
  while (true) {
    auto next = frames_.next();
    if (!next) {
      return next.error();
    }
    if (auto& frame = next.value(); frame) {
      if (arrived_.size() < frame->descriptors) {
        return Error("the other gateway sent no valid message: descriptors are missing");
      }
      Message out{.type = frame->type, .body = std::move(frame->body), .descriptors = {}};
      const auto last = arrived_.begin() + frame->descriptors;
      std::move(arrived_.begin(), last, std::back_inserter(out.descriptors));
      arrived_.erase(arrived_.begin(), last);
      return out;
    }
    if (auto waited = wait(POLLIN, until); !waited) {
      return waited.error();
    }
    if (auto read = read_some(); !read) {
      return read.error();
    }
  }
}

Result<Channel::Message> Channel::expect(FrameType type, Instant until) {
  auto message = receive(until);
  if (message && message.value().type == FrameType::refusal) {
    return Error(message.value().body);
  }
  if (message && message.value().type != type) {
    return Error("the other gateway sent another message than expected");
  }
  return message;
}

}  // namespace weir::takeover
