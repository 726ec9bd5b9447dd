#include "handshake/socks5.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace weir {
namespace {

constexpr std::uint8_t version = 5;
constexpr std::uint8_t authentication_version = 1;
constexpr std::uint8_t no_authentication = 0x00;
constexpr std::uint8_t by_password = 0x02;
constexpr std::uint8_t none_acceptable = 0xff;
constexpr std::uint8_t address_v4 = 1;
constexpr std::uint8_t address_name = 3;
constexpr std::uint8_t address_v6 = 4;
constexpr std::size_t port_size = 2;

// RFC 1928, section 6. 2 to 6 are about the target: it could not be reached, or the server's rules
// are against it. A server that says so is well, and a flow must not go round it for that reason.
constexpr std::array replies{"succeeded",
                             "general SOCKS server failure",
                             "connection not allowed by ruleset",
                             "network unreachable",
                             "host unreachable",
                             "connection refused",
                             "TTL expired",
                             "command not supported",
                             "address type not supported"};
constexpr std::uint8_t first_of_target = 2;
constexpr std::uint8_t last_of_target = 6;

std::uint8_t type_of(const Address& address) { return address.is_v4() ? address_v4 : address_v6; }

// ATYP, address and port. A name is at most 253 bytes long (RFC 1035, section 2.3.4).
void append_target(NetworkWriter& out, const Target& target) {
  if (target.host.empty()) {
    out.u8(type_of(target.endpoint.address));
    out.address(target.endpoint.address);
  } else {
    out.u8(address_name);
    out.u8(static_cast<std::uint8_t>(target.host.size()));
    out.raw(target.host);
  }
  out.u16(target.endpoint.port);
}

std::uint8_t byte_at(std::string_view in, std::size_t offset) {
  return static_cast<std::uint8_t>(in[offset]);
}

// ATYP, address and port at `offset`.
struct BoundAddress {
  enum class State : std::uint8_t { incomplete, wrong, whole } state = State::incomplete;
  std::size_t end = 0;
  Endpoint endpoint;  // of a name: port 0
  bool is_name = false;
};

BoundAddress bound_at(std::string_view in, std::size_t offset) {
  NetworkReader reader(in);
  reader.seek(offset);
  BoundAddress out;
  switch (reader.u8()) {
    case address_v4:
      out.endpoint.address = reader.address(Family::v4);
      out.endpoint.port = reader.u16();
      break;
    case address_v6:
      out.endpoint.address = reader.address(Family::v6);
      out.endpoint.port = reader.u16();
      break;
    case address_name:
      out.is_name = true;
      reader.raw(reader.u8());
      reader.u16();
      break;
    default:
      out.state = reader.failed() ? BoundAddress::State::incomplete : BoundAddress::State::wrong;
      return out;
  }
  if (reader.failed()) {
    return {};
  }
  out.state = BoundAddress::State::whole;
  out.end = reader.position();
  return out;
}

std::string hexadecimal(std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[byte / 16U], digits[byte % 16U]};
}

}  // namespace

Socks5Handshake::Socks5Handshake(Command command, Target target,
                                 std::shared_ptr<const Credentials> credentials, Mode mode)
    : command_(command),
      target_(std::move(target)),
      credentials_(std::move(credentials)),
      mode_(mode) {}

Handshake::State Socks5Handshake::start(const Opening&, std::string& out) {
  NetworkWriter greeting(out);
  greeting.u8(version);
  if (mode_ == Mode::pipelined) {
    greeting.u8(1);
    greeting.u8(credentials_ ? by_password : no_authentication);
    if (credentials_) {
      append_password(out);
    }
    if (command_ != Command::none) {
      append_request(out);
    }
  } else if (credentials_) {
    greeting.u8(2);
    greeting.u8(no_authentication);
    greeting.u8(by_password);
  } else {
    greeting.u8(1);
    greeting.u8(no_authentication);
  }
  return State::waiting;
}

// RFC 1929, section 2.
void Socks5Handshake::append_password(std::string& out) const {
  NetworkWriter request(out);
  request.u8(authentication_version);
  request.u8(static_cast<std::uint8_t>(credentials_->username.size()));
  request.raw(credentials_->username);
  request.u8(static_cast<std::uint8_t>(credentials_->password.size()));
  request.raw(credentials_->password);
}

void Socks5Handshake::append_request(std::string& out) const {
  NetworkWriter request(out);
  request.u8(version);
  request.u8(static_cast<std::uint8_t>(command_));
  request.u8(0);
  append_target(request, target_);
}

Handshake::Progress Socks5Handshake::receive(std::string_view in, std::string& out) {
  // Answers are at most 262 bytes long; what a server says beyond the last is the flow's.
  constexpr std::size_t longest_answer = 4 + 1 + 255 + port_size;
  const std::size_t before = received_.size();
  received_ += in.substr(0, longest_answer);
  Progress progress;
  switch (step_) {
    case Step::method:
      progress = on_method(out);
      break;
    case Step::authentication:
      progress = on_authentication(out);
      break;
    case Step::reply:
      progress = on_reply();
      break;
  }
  if (progress.state == State::failed) {
    return progress;
  }
  if (progress.consumed == 0) {  // the step's answer is not complete
    return {State::waiting, in.size()};
  }
  const std::size_t used = progress.consumed - before;
  received_.clear();
  if (progress.state == State::done || used == in.size()) {
    return {progress.state, used};
  }
  // What stands behind this answer is looked at as the next one, asked for already or not.
  const Progress rest = receive(in.substr(used), out);
  return {rest.state, used + rest.consumed};
}

Handshake::Progress Socks5Handshake::on_method(std::string& out) {
  if (byte_at(received_, 0) != version) {
    return fail("not a SOCKS5 server: it answers with version " +
                std::to_string(byte_at(received_, 0)));
  }
  if (received_.size() < 2) {
    return {};
  }
  const std::uint8_t method = byte_at(received_, 1);
  if (method == by_password && credentials_) {
    if (mode_ == Mode::sequential) {
      append_password(out);
    }
    step_ = Step::authentication;
    return {State::waiting, 2};
  }
  if (method == none_acceptable) {
    return fail(credentials_ ? "SOCKS5: the server accepts no authentication that we offer"
                             : "SOCKS5: the server wants a user name and password");
  }
  if (method != no_authentication || (credentials_ && mode_ == Mode::pipelined)) {
    return fail("SOCKS5: the server chose method " + hexadecimal(method) +
                ", which was not offered");
  }
  return ask(out);
}

// The server has let us in, with two bytes.
Handshake::Progress Socks5Handshake::ask(std::string& out) {
  if (command_ == Command::none) {
    return {State::done, 2};
  }
  if (mode_ == Mode::sequential) {
    append_request(out);
  }
  step_ = Step::reply;
  return {State::waiting, 2};
}

Handshake::Progress Socks5Handshake::on_authentication(std::string& out) {
  if (received_.size() < 2) {
    return {};
  }
  // Some servers answer with SOCKS' own version here; only the status matters (RFC 1929, section
  // 2).
  if (byte_at(received_, 1) != 0) {
    return fail("SOCKS5: user name or password refused");
  }
  return ask(out);
}

Handshake::Progress Socks5Handshake::on_reply() {
  if (byte_at(received_, 0) != version) {
    return fail("SOCKS5: malformed reply");
  }
  if (received_.size() < 2) {
    return {};
  }
  const std::uint8_t reply = byte_at(received_, 1);
  if (reply != 0) {  // whatever follows adds nothing
    // Others may be about this request alone: a general failure is what many say of a name that
    // they cannot look up, and an address type or a command is what the client's packet had.
    const Fault fault =
        reply >= first_of_target && reply <= last_of_target ? Fault::target : Fault::request;
    return fail("SOCKS5: " + (reply < replies.size() ? std::string(replies[reply])
                                                     : "reply " + hexadecimal(reply)),
                fault);
  }
  constexpr std::size_t address_begins = 3;
  const BoundAddress bound = bound_at(received_, address_begins);
  if (bound.state == BoundAddress::State::wrong) {
    return fail("SOCKS5: malformed reply: address type " +
                std::to_string(byte_at(received_, address_begins)));
  }
  if (bound.state == BoundAddress::State::incomplete) {
    return {};
  }
  if (command_ == Command::associate && bound.is_name) {
    return fail("SOCKS5: the server gives its relay's address as a host name");
  }
  if (command_ == Command::associate && bound.endpoint.port == 0) {
    return fail("SOCKS5: the server names no port to send datagrams to");
  }
  bound_ = bound.endpoint;
  return {State::done, bound.end};
}

void Socks5DatagramCodec::append_header(const Flow&, const Target& target, const Opening&,
                                        std::string& out) const {
  NetworkWriter header(out);
  header.u16(0);  // RSV
  header.u8(0);   // FRAG
  append_target(header, target);
}

DatagramCodec::Decoded Socks5DatagramCodec::decode(std::span<const std::uint8_t> wire) const {
  constexpr std::size_t fragment_at = 2;
  constexpr std::size_t address_begins = 3;
  const std::string_view in(reinterpret_cast<const char*>(wire.data()), wire.size());
  const BoundAddress from = bound_at(in, address_begins);
  if (from.state != BoundAddress::State::whole) {
    return {.verdict = Decoded::Verdict::malformed, .header = 0, .peer = {}};
  }
  if (byte_at(in, fragment_at) != 0) {
    return {.verdict = Decoded::Verdict::fragment, .header = 0, .peer = {}};
  }
  return {.verdict = Decoded::Verdict::payload, .header = from.end, .peer = from.endpoint};
}

}  // namespace weir
