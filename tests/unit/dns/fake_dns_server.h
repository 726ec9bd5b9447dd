// A DNS server on loopback, UDP and TCP on one port, in the test's own loop. It answers what the
// test's function says.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "catch.h"
#include "dns/dns_message.h"
#include "loop/loop.h"
#include "weir/endpoint.h"

namespace weir {

class FakeDnsServer {
 public:
  using Answer = std::function<DnsReply(const DnsQuestion&)>;

  FakeDnsServer(Loop& loop, Answer answer) : loop_(loop), answer_(std::move(answer)) {
    sockaddr_storage name{};
    // The UDP socket's port may be taken for TCP; then another one is tried.
    do {
      udp_ = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      tcp_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      auto length = Endpoint{Address::v4(INADDR_LOOPBACK), 0}.to(name);
      REQUIRE(bind(udp_.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
      REQUIRE(getsockname(udp_.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    } while (bind(tcp_.get(), reinterpret_cast<sockaddr*>(&name), sizeof(sockaddr_in)) != 0 ||
             listen(tcp_.get(), 8) != 0);
    endpoint_ = Endpoint::from(name);
    udp_poll_ = std::make_unique<Poll>(loop, udp_.get(), [this](Poll::Ready) { on_datagram(); });
    udp_poll_->watch({.readable = true});
    tcp_poll_ = std::make_unique<Poll>(loop, tcp_.get(), [this](Poll::Ready) { on_connection(); });
    tcp_poll_->watch({.readable = true});
  }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] int queries() const { return queries_; }

 private:
  void on_datagram() {
    std::array<char, 4096> query{};
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const auto n = recvfrom(udp_.get(), query.data(), query.size(), 0,
                            reinterpret_cast<sockaddr*>(&from), &length);
    if (n < 12) {
      return;
    }
    const std::string_view text(query.data(), static_cast<std::size_t>(n));
    const auto question = question_of(text);
    ++queries_;
    const auto reply = answer_(question);
    if (reply.manner == DnsReply::Manner::silence) {
      return;
    }
    const auto message =
        message_of(text, question, reply, reply.manner == DnsReply::Manner::truncate);
    sendto(udp_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from),
           length);
  }

  // One question a connection, which loopback delivers whole.
  void on_connection() {
    connection_poll_.reset();
    connection_ = Descriptor(accept(tcp_.get(), nullptr, nullptr));
    connection_poll_ = std::make_unique<Poll>(loop_, connection_.get(), [this](Poll::Ready) {
      std::array<char, 4096> query{};
      const auto n = recv(connection_.get(), query.data(), query.size(), 0);
      if (n < 14) {
        connection_poll_->watch({});
        return;
      }
      const std::string_view text(query.data() + 2, static_cast<std::size_t>(n - 2));
      const auto question = question_of(text);
      const auto message = message_of(text, question, answer_(question), false);
      std::string framed;
      append_u16(framed, static_cast<unsigned>(message.size()));
      framed += message;
      CHECK(send(connection_.get(), framed.data(), framed.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(framed.size()));
    });
    connection_poll_->watch({.readable = true});
  }

  Loop& loop_;
  Answer answer_;
  Endpoint endpoint_;
  int queries_ = 0;
  Descriptor udp_;
  Descriptor tcp_;
  Descriptor connection_;
  std::unique_ptr<Poll> udp_poll_;
  std::unique_ptr<Poll> tcp_poll_;
  std::unique_ptr<Poll> connection_poll_;
};

}  // namespace weir
