#include "upstream/server_key.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace weir {
namespace {

bool parse_number(std::string_view text, int least, int most, int& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc{} && end == text.data() + text.size() && out >= least && out <= most;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t most = 253;  // RFC 1035, section 2.3.4, without the trailing dot
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  // All digits and dots would be an address with a slip in it.
  return !text.empty() && text.size() <= most &&
         text.find_first_not_of(allowed) == std::string_view::npos &&
         text.find_first_not_of("0123456789.") != std::string_view::npos &&
         text.find("..") == std::string_view::npos && text.front() != '.' && text.front() != '-';
}

std::string_view next_word(std::string_view& rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const auto end = std::min(rest.find_first_of(" \t"), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

}  // namespace

Result<ServerKey> parse_server(const Value& value) {
  const auto wrong = [&](const std::string& text) { return Error(text, value.place); };
  ServerKey out;
  std::string_view rest = value.text;
  std::string_view where = next_word(rest);
  if (const auto equals = where.find('='); equals != std::string_view::npos) {
    out.name = where.substr(0, equals);
    where.remove_prefix(equals + 1);
    if (out.name.empty()) {
      return wrong("a server's name is missing before '='");
    }
  }
  if (where.empty()) {
    return wrong("a server needs HOST or HOST:PORT");
  }
  if (out.name.empty()) {
    out.name = where;
  }
  std::string_view host = where;
  if (!Address::parse(where)) {  // a lone IPv6 address has colons of its own
    const auto colon = where.rfind(':');
    if (colon != std::string_view::npos && where.back() != ']') {
      host = where.substr(0, colon);
      int port = 0;
      if (!parse_number(where.substr(colon + 1), 1, 65535, port)) {
        return wrong("'" + std::string(where.substr(colon + 1)) + "' is not a port (1 to 65535)");
      }
      out.port = static_cast<Port>(port);
    }
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
      if (auto address = Address::parse(host); !address || address.value().is_v4()) {
        return wrong("'" + std::string(host) + "' is not an IPv6 address");
      }
    }
  }
  if (auto address = Address::parse(host); address.ok()) {
    if (address.value().is_unspecified() || address.value().is_multicast()) {
      return wrong("'" + std::string(host) + "' is no address of a server");
    }
  } else if (!is_host_name(host)) {
    return wrong("'" + std::string(host) + "' is neither an address nor a host name");
  }
  out.host = host;
  bool weighted = false;
  while (!rest.empty()) {
    const auto word = next_word(rest);
    if (word.empty()) {
      break;
    }
    if (!word.starts_with("weight=")) {
      return wrong("unknown word '" + std::string(word) + "' after the server (known: weight=N)");
    }
    if (std::exchange(weighted, true)) {
      return wrong("weight is given twice");
    }
    if (!parse_number(word.substr(7), 1, most_weight, out.weight)) {
      return wrong("'" + std::string(word.substr(7)) + "' is not a weight (1 to " +
                   std::to_string(most_weight) + ")");
    }
  }
  return out;
}

}  // namespace weir
