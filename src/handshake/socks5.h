// SOCKS5 (RFC 1928) with user name and password (RFC 1929), both as a client: CONNECT opens a TCP
// connection to the target, UDP ASSOCIATE a relay for datagrams that lives as long as the
// connection.
//
// Owners and threads: weir/handshake.h, weir/datagram_codec.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "handshake/credentials.h"
#include "weir/datagram_codec.h"
#include "weir/handshake.h"
#include "weir/target.h"

namespace weir {

class Socks5Handshake final : public Handshake {
 public:
  // `none` only finds out whether the server speaks SOCKS5 and lets us in.
  enum class Command : std::uint8_t { none = 0, connect = 1, associate = 3 };

  // `pipelined` does not wait for the server's answers before it says what depends on them, which
  // saves a round trip for each: RFC 1928 does not forbid it, and not every server can read it.
  enum class Mode : std::uint8_t { sequential, pipelined };

  // `target` of an association: any address of the family that is wanted, port 0, since it is not
  // known yet which port the datagrams will come from (RFC 1928, section 4).
  Socks5Handshake(Command command, Target target, std::shared_ptr<const Credentials> credentials,
                  Mode mode = Mode::sequential);

  [[nodiscard]] State start(const Opening& opening, std::string& out) override;
  [[nodiscard]] Progress receive(std::string_view in, std::string& out) override;
  [[nodiscard]] Endpoint relay() const override { return bound_; }
  [[nodiscard]] bool is_requesting() const override { return step_ == Step::reply; }

 private:
  enum class Step : std::uint8_t { method, authentication, reply };

  Progress on_method(std::string& out);
  Progress on_authentication(std::string& out);
  Progress ask(std::string& out);
  Progress on_reply();
  void append_password(std::string& out) const;
  void append_request(std::string& out) const;

  Command command_;
  Target target_;
  std::shared_ptr<const Credentials> credentials_;
  Mode mode_;
  Step step_ = Step::method;
  std::string received_;  // of this step
  Endpoint bound_;
};

// The header of a datagram through a SOCKS5 relay (RFC 1928, section 7).
class Socks5DatagramCodec final : public DatagramCodec {
 public:
  [[nodiscard]] std::string_view name() const override { return "socks5"; }
  void append_header(const Flow& flow, const Target& target, const Opening& opening,
                     std::string& out) const override;
  [[nodiscard]] Decoded decode(std::span<const std::uint8_t> wire) const override;
};

}  // namespace weir
