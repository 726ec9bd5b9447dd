#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/descriptor.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

// A reload may install firewall rules; nothing else takes more than a moment.
constexpr std::chrono::seconds longest{90};

Error no_answer(const std::string& socket, const std::string& why) {
  return Error("the gateway on " + socket + " did not answer: " + why);
}

Result<Descriptor> connect_to(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    return Error("the path of the socket is too long: " + socket);
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return Error(std::string("cannot open a socket: ") + std::strerror(errno));
  }
  // Where it takes no connections, it is not waited for without end.
  const timeval timeout{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error(errno == EACCES ? "no permission to use " + socket
                                 : "no gateway answers on " + socket);
  }
  return fd;
}

// Waits until the socket is ready; an error: the time is over.
std::optional<std::string> wait_for(const Descriptor& fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd one{.fd = fd.get(), .events = events, .revents = 0};
    const int ready = poll(&one, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready > 0) {
      return std::nullopt;
    }
    if (ready == 0) {
      return "it took longer than " + std::to_string(longest.count()) + " s";
    }
    if (errno != EINTR) {
      return std::string(std::strerror(errno));
    }
  }
}

// → what went wrong.
std::optional<std::string> send_all(const Descriptor& fd, std::string_view text,
                                    Clock::time_point until) {
  while (!text.empty()) {
    if (auto trouble = wait_for(fd, POLLOUT, until)) {
      return trouble;
    }
    const ssize_t sent = send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      return std::string(std::strerror(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return std::nullopt;
}

std::optional<std::string> receive_all(const Descriptor& fd, std::string& into,
                                       Clock::time_point until) {
  std::array<char, 65536> buffer{};
  for (;;) {
    if (auto trouble = wait_for(fd, POLLIN, until)) {
      return trouble;
    }
    const ssize_t received = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received == 0) {
      return std::nullopt;
    }
    if (received < 0 && errno != EAGAIN && errno != EINTR) {
      return std::string(std::strerror(errno));
    }
    into.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(received, 0)));
  }
}

std::string request(std::string_view method, const std::string& target, const std::string& body) {
  std::string text(method);
  text += " " + target + " HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n";
  if (method != "GET" || !body.empty()) {
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + body;
}

}  // namespace

Result<GatewayAnswer> ask_gateway(const std::string& socket, std::string_view method,
                                  const std::string& target, const std::string& body) {
  const auto until = Clock::now() + longest;
  const auto fd = connect_to(socket);
  if (!fd) {
    return fd.error();
  }
  // An answer may come before all is sent, where the gateway refuses it.
  const auto unsent = send_all(fd.value(), request(method, target, body), until);
  std::string received;
  const auto unheard = receive_all(fd.value(), received, until);
  if (received.empty()) {
    return no_answer(socket, unsent ? *unsent : unheard.value_or("it closed the connection"));
  }
  auto answer = http_answer(received);
  if (!answer) {
    return no_answer(socket, unheard ? *unheard : answer.error().text());
  }
  return answer;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xfU];
    }
  }
  return out;
}

}  // namespace weir
