#include "handshake/http_connect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weir {
namespace {

constexpr int first_success = 200;
constexpr int first_redirection = 300;
constexpr int wants_authentication = 407;

// The answers that are about the target: it could not be reached, or the proxy's rules are against
// it. A proxy that says so is well, and a flow must not go round it for that reason.
constexpr std::array of_target{403, 451, 502, 503, 504};

std::string authority(const Target& target) {
  if (target.host.empty()) {
    return target.endpoint.text();
  }
  return target.host + ":" + std::to_string(target.endpoint.port);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a log can take of a server's words.
std::string printable(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string out;
  for (const char c : text.substr(0, longest)) {
    out.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t group = 3;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += group) {
    std::uint32_t bits = 0;
    const std::size_t have = std::min(group, bytes.size() - i);
    for (std::size_t k = 0; k < group; ++k) {
      bits = (bits << 8U) | (k < have ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k <= group; ++k) {
      out.push_back(k <= have ? digits[(bits >> (6U * (group - k))) & 0x3fU] : '=');
    }
  }
  return out;
}

HttpConnectHandshake::HttpConnectHandshake(Target target,
                                           std::shared_ptr<const Credentials> credentials,
                                           Purpose purpose)
    : target_(std::move(target)), purpose_(purpose), credentials_(std::move(credentials)) {}

Handshake::State HttpConnectHandshake::start(const Opening&, std::string& out) {
  const std::string where = authority(target_);
  out += (purpose_ == Purpose::probe ? "OPTIONS *" : "CONNECT " + where) +
         " HTTP/1.1\r\nHost: " + where + "\r\n";
  if (credentials_) {
    out += "Proxy-Authorization: Basic " +
           base64(credentials_->username + ":" + credentials_->password) + "\r\n";
  }
  out += "\r\n";
  return State::waiting;
}

Handshake::Progress HttpConnectHandshake::receive(std::string_view in, std::string&) {
  std::size_t consumed = 0;
  while (consumed < in.size()) {
    const std::string_view rest = in.substr(consumed);
    const std::size_t end = rest.find('\n');
    const std::string_view piece = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    taken_ += piece.size();
    if (taken_ > longest_header) {
      return fail("HTTP CONNECT: the answer's header is longer than 64 KiB");
    }
    line_ += piece;
    consumed += piece.size();
    // A peer that does not speak HTTP shows it in the first bytes, and may never send a line's end.
    constexpr std::string_view protocol = "HTTP/1.";
    if (where_ == Where::status_line &&
        line_.compare(0, std::min(line_.size(), protocol.size()), protocol, 0,
                      std::min(line_.size(), protocol.size())) != 0) {
      return fail("not an HTTP proxy: it answers '" +
                  printable(line_.substr(0, line_.find_first_of("\r\n"))) + "'");
    }
    if (end == std::string_view::npos) {
      break;
    }
    line_.pop_back();
    if (!line_.empty() && line_.back() == '\r') {
      line_.pop_back();
    }
    const State state = on_line();
    line_.clear();
    if (state != State::waiting) {
      return {state, consumed};
    }
  }
  return {State::waiting, consumed};
}

Handshake::State HttpConnectHandshake::on_line() {
  if (where_ == Where::status_line) {
    where_ = Where::fields;
    return on_status_line();
  }
  if (line_.find('\0') != std::string::npos) {
    return fail("HTTP CONNECT: a NUL in the answer's header").state;
  }
  if (!line_.empty()) {
    return State::waiting;
  }
  if (status_ < first_success) {  // RFC 9110, section 15.2
    where_ = Where::status_line;
    return State::waiting;
  }
  return status_ < first_redirection ? State::done : refused();
}

// HTTP-version SP status-code SP [reason-phrase] (RFC 9112, section 4).
Handshake::State HttpConnectHandshake::on_status_line() {
  constexpr std::size_t minor_at = 7;
  constexpr std::size_t status_at = 9;
  constexpr std::size_t status_size = 3;
  const bool well_formed =
      line_.size() >= status_at + status_size && is_digit(line_[minor_at]) &&
      line_[minor_at + 1] == ' ' &&
      std::all_of(line_.begin() + status_at, line_.begin() + status_at + status_size, is_digit) &&
      (line_.size() == status_at + status_size || line_[status_at + status_size] == ' ');
  if (!well_formed) {
    return fail("HTTP CONNECT: malformed answer '" + printable(line_) + "'").state;
  }
  std::from_chars(line_.data() + status_at, line_.data() + status_at + status_size, status_);
  constexpr int first_status = 100;
  constexpr int last_status = 599;
  constexpr int switching_protocols = 101;
  if (status_ < first_status || status_ > last_status || status_ == switching_protocols) {
    return fail("HTTP CONNECT: unexpected status " + std::to_string(status_)).state;
  }
  if (purpose_ == Purpose::probe && status_ != wants_authentication) {
    return State::done;
  }
  phrase_ = printable(line_.substr(std::min(line_.size(), status_at + status_size + 1)));
  return State::waiting;
}

Handshake::State HttpConnectHandshake::refused() {
  std::string error = "HTTP CONNECT: " + std::to_string(status_);
  if (!phrase_.empty()) {
    error += " " + phrase_;
  }
  if (status_ == wants_authentication) {
    error += credentials_ ? " (user name or password refused)" : " (it wants a user name)";
  }
  const bool is_target = std::find(of_target.begin(), of_target.end(), status_) != of_target.end();
  constexpr int first_server_error = 500;
  const Fault otherwise = status_ >= first_server_error ? Fault::request : Fault::server;
  return fail(error, is_target ? Fault::target : otherwise).state;
}

}  // namespace weir
