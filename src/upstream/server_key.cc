#include "upstream/server_key.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.h"
#include "base/suggest.h"

namespace weir {
namespace {

bool parse_number(std::string_view text, int min, int max, int& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc{} && end == text.data() + text.size() && out >= min && out <= max;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t max = 253;  // RFC 1035, section 2.3.4, without the trailing dot
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  // All digits and dots would be an address with a slip in it.
  return !text.empty() && text.size() <= max &&
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

// "_http._tcp.example.net" (RFC 2782).
bool is_service_name(std::string_view text) {
  const auto second = text.find("._");
  return is_host_name(text) && text.starts_with('_') && second != std::string_view::npos &&
         text.find('.', second + 1) != std::string_view::npos;
}

// What to say of a spelling that other programs' files have, or "".
std::string_view why_not_here(std::string_view where) {
  return where.find("://") != std::string_view::npos
             ? "a server is HOST or HOST:PORT, without '://'"
         : where.find('@') != std::string_view::npos
             ? "username and password are keys of their own, not part of the server"
         : where.ends_with(',') ? "each server has a line of its own, 'server = HOST:PORT'"
                                : "";
}

// HOST[:PORT] or srv:NAME.
Result<Ok> parse_where(std::string_view where, ServerKey& out) {
  constexpr std::string_view service = "srv:";
  if (where.starts_with(service)) {
    out.kind = ServerKey::Kind::service;
    out.host = where.substr(service.size());
    if (!is_service_name(out.host)) {
      return Error("'" + std::string(where) + "' is not srv:_SERVICE._PROTOCOL.NAME");
    }
    return Ok{};
  }
  if (const auto why = why_not_here(where); !why.empty()) {
    return Error("'" + std::string(where) + "': " + std::string(why));
  }
  std::string_view host = where;
  if (!Address::parse(where)) {  // a lone IPv6 address has colons of its own
    const auto colon = where.rfind(':');
    if (colon != std::string_view::npos && where.back() != ']') {
      host = where.substr(0, colon);
      int port = 0;
      if (!parse_number(where.substr(colon + 1), 1, 65535, port)) {
        return Error("'" + std::string(where.substr(colon + 1)) + "' is not a port (1 to 65535)");
      }
      out.port = static_cast<Port>(port);
      // After a zone no other colon can follow: what does is the port.
      if (host.find(':') != std::string_view::npos && host.find('%') == std::string_view::npos &&
          Address::parse(host)) {
        return Error("an IPv6 address with a port has brackets: write [" + std::string(host) +
                     "]:" + std::to_string(port));
      }
    }
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
      if (auto address = Address::parse(host); !address || address.value().is_v4()) {
        return Error("'" + std::string(host) + "' is not an IPv6 address");
      }
    }
  }
  if (auto address = Address::parse(host); address.ok()) {
    if (address.value().is_unspecified() || address.value().is_multicast()) {
      return Error("'" + std::string(host) + "' is no address of a server");
    }
  } else if (!is_host_name(host)) {
    return Error("'" + std::string(host) + "' is neither an address nor a host name");
  }
  out.host = host;
  return Ok{};
}

// What may stand behind the server, each once.
class Words {
 public:
  explicit Words(ServerKey& out) : out_(out) {}

  Result<Ok> take(std::string_view word) {
    const std::string_view key = word.substr(0, word.find('='));
    const auto row =
        std::find_if(known.begin(), known.end(), [&](const Word& each) { return each.key == key; });
    if (row == known.end() || (row->kind == Word::Kind::flag) != (key.size() == word.size())) {
      if (std::exchange(astray_, true)) {
        return Ok{};  // it follows from the first one: "weight = 2"
      }
      std::vector<std::string_view> names;
      names.reserve(known.size());
      for (const Word& each : known) {
        names.push_back(each.key);
      }
      const std::string hint = row == known.end() ? did_you_mean(key, names) : "";
      return Error("unknown word '" + std::string(word) + "' after the server" + hint +
                   " (known: weight=N, backup, max-flows=N, source=...)");
    }
    if (std::exchange(seen_[static_cast<std::size_t>(row - known.begin())], true)) {
      return Error(std::string(key) + " is given twice");
    }
    return row->take(out_, word.substr(std::min(key.size() + 1, word.size())));
  }

 private:
  struct Word {
    std::string_view key;
    enum class Kind : std::uint8_t { flag, value } kind;
    Result<Ok> (*take)(ServerKey& out, std::string_view value);
  };

  static Result<Ok> take_weight(ServerKey& out, std::string_view value) {
    if (out.kind == ServerKey::Kind::service) {
      return Error("the SRV records say the weights of their servers");
    }
    if (!parse_number(value, 1, max_weight, out.weight)) {
      return Error("'" + std::string(value) + "' is not a weight (1 to " +
                   std::to_string(max_weight) + ")");
    }
    return Ok{};
  }
  static Result<Ok> take_backup(ServerKey& out, std::string_view /*value*/) {
    out.role = ServerKey::Role::backup;
    return Ok{};
  }
  static Result<Ok> take_max_flows(ServerKey& out, std::string_view value) {
    int number = 0;
    if (!parse_number(value, 1, INT32_MAX, number)) {
      return Error("'" + std::string(value) + "' is not a number of flows (1 and more)");
    }
    out.max_flows = static_cast<std::uint64_t>(number);
    return Ok{};
  }
  static Result<Ok> take_source(ServerKey& out, std::string_view value) {
    auto source = parse_source(std::string(value));
    if (!source) {
      return source.error();
    }
    out.source = source.value();
    return Ok{};
  }

  static constexpr std::array known{
      Word{"weight", Word::Kind::value, take_weight},
      Word{"backup", Word::Kind::flag, take_backup},
      Word{"max-flows", Word::Kind::value, take_max_flows},
      Word{"source", Word::Kind::value, take_source},
  };

  ServerKey& out_;
  std::array<bool, known.size()> seen_{};
  bool astray_ = false;  // after an unknown word
};

}  // namespace

Result<Source> parse_source(const std::string& text) {
  if (text == "gateway") {
    return Source{};
  }
  if (text == "client") {
    return Source{SourceKind::client, {}};
  }
  if (text == "client:port") {
    return Source{SourceKind::client_port, {}};
  }
  auto address = Address::parse(text);
  if (!address || address.value().is_unspecified() || address.value().is_multicast()) {
    return Error("'" + text + "' is not gateway, client, client:port or an address of the router");
  }
  return Source{SourceKind::address, address.value()};
}

Result<ServerKey> parse_server(const Value& value) {
  ServerKey out;
  // Everything that is wrong, in one message: it has one line to stand at.
  std::string wrong;
  const auto add = [&](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
  std::string_view rest = value.text;
  std::string_view where = next_word(rest);
  if (const auto equals = where.find('='); equals != std::string_view::npos) {
    out.name = where.substr(0, equals);
    where.remove_prefix(equals + 1);
    if (out.name.empty()) {
      add("a server's name is missing before '='");
    } else if (!is_name(out.name)) {
      add("'" + out.name + "' is no name of a server: " + std::string(what_names_are));
    }
  }
  if (where.empty()) {
    // Whatever follows may be the host, behind a blank too many.
    add("a server needs HOST or HOST:PORT");
    return Error(wrong, value.location);
  }
  if (out.name.empty()) {
    out.name = where;
  }
  if (auto parsed = parse_where(where, out); !parsed) {
    add(parsed.error().text());
  }
  Words words(out);
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    if (auto taken = words.take(word); !taken) {
      add(taken.error().text());
    }
  }
  if (!wrong.empty()) {
    return Error(wrong, value.location);
  }
  return out;
}

}  // namespace weir
