// A client as badly behaved as a test wants: it writes any bytes, and reads when told to.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"

namespace weir {

class HttpClient {
 public:
  explicit HttpClient(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    connected_ =
        connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }

  // False when the server does not take it all within 20 s, or has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      if (!ready(POLLOUT)) {
        return false;
      }
      const auto n = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) {
        return false;
      }
      text.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
    }
    return true;
  }

  bool get(const std::string& target) {
    return send("GET " + target + " HTTP/1.1\r\nHost: weir\r\n\r\n");
  }

  // One answer, headers and body; what there is of it when the server closes or says nothing for
  // 20 s.
  std::string answer() {
    while (true) {
      const auto head = received_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto size = head + 4 + announced(received_.substr(0, head));
        if (received_.size() >= size) {
          std::string out = received_.substr(0, size);
          received_.erase(0, size);
          return out;
        }
      }
      if (!receive()) {
        return std::exchange(received_, {});
      }
    }
  }

  // True when the server closes within 20 s.
  bool closes() {
    while (receive()) {
    }
    return closed_;
  }

  static int status_of(const std::string& answer) {
    return answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
  }
  static std::string body_of(const std::string& answer) {
    const auto head = answer.find("\r\n\r\n");
    return head == std::string::npos ? "" : answer.substr(head + 4);
  }

 private:
  static std::size_t announced(const std::string& headers) {
    const auto at = headers.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::strtoull(headers.c_str() + at + 16, nullptr, 10);
  }

  bool ready(short events) const {
    pollfd waiting{socket_.get(), events, 0};
    return poll(&waiting, 1, 20'000) == 1;
  }

  bool receive() {
    std::array<char, 65536> piece{};
    if (!ready(POLLIN)) {
      return false;
    }
    const auto n = recv(socket_.get(), piece.data(), piece.size(), 0);
    if (n <= 0) {
      closed_ = true;
      return false;
    }
    received_.append(piece.data(), static_cast<std::size_t>(n));
    return true;
  }

  Descriptor socket_;
  bool connected_ = false;
  bool closed_ = false;
  std::string received_;
};

}  // namespace weir
