// See options.h. The table of keys is the parser.
#include "options.h"

#include <charconv>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>

#include "report.h"

namespace load {
namespace {

template <typename Number>
Number number(std::string_view key, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die(std::string(key) + " wants a number, not '" + std::string(text) + "'");
  }
  return value;
}

std::chrono::nanoseconds duration(std::string_view key, std::string_view text) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(number<double>(key, text)));
}

std::vector<int> process_list(std::string_view key, std::string_view text) {
  std::vector<int> list;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    list.push_back(number<int>(key, text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

}  // namespace

Options parse_options(int count, char** words) {
  Options o;
  if (count < 2)
    die("usage: load server|bulk|exchange-tcp|exchange-udp|connections|datagrams|dns "
        "[--key value]...");
  o.role = words[1];

  using Text = std::string_view;
  const std::map<Text, std::function<void(Text, Text)>> keys = {
      {"--ledger", [&](Text, Text v) { o.ledger = v; }},
      {"--to", [&](Text, Text v) { o.to = v; }},
      {"--from", [&](Text, Text v) { o.from = v; }},
      {"--destinations", [&](Text k, Text v) { o.destinations = number<std::uint32_t>(k, v); }},
      {"--sources", [&](Text k, Text v) { o.sources = number<std::uint32_t>(k, v); }},
      {"--port", [&](Text k, Text v) { o.port = number<std::uint16_t>(k, v); }},
      {"--connections", [&](Text k, Text v) { o.connections = number<std::uint32_t>(k, v); }},
      {"--sockets", [&](Text k, Text v) { o.sockets = number<std::uint32_t>(k, v); }},
      {"--active", [&](Text k, Text v) { o.active = number<std::uint32_t>(k, v); }},
      {"--size", [&](Text k, Text v) { o.size = number<std::uint32_t>(k, v); }},
      {"--segments", [&](Text k, Text v) { o.segments = number<std::uint32_t>(k, v); }},
      {"--window", [&](Text k, Text v) { o.window = number<std::uint32_t>(k, v); }},
      {"--rate", [&](Text k, Text v) { o.rate = number<std::uint32_t>(k, v); }},
      {"--seconds", [&](Text k, Text v) { o.seconds = duration(k, v); }},
      {"--warmup", [&](Text k, Text v) { o.warmup = duration(k, v); }},
      {"--watch", [&](Text k, Text v) { o.watch = process_list(k, v); }},
  };
  for (int i = 2; i < count; ++i) {
    const Text key = words[i];
    if (key == "--down") {
      o.down = true;
    } else if (key == "--hold") {
      o.hold = true;
    } else if (const auto found = keys.find(key); found == keys.end()) {
      die("unknown option " + std::string(key));
    } else if (++i == count) {
      die(std::string(key) + " wants a value");
    } else {
      found->second(key, words[i]);
    }
  }
  if (o.ledger.empty()) die("--ledger is required");
  if (o.role != "server" && (o.to.empty() || o.from.empty())) die("--to and --from are required");
  if (o.connections == 0 || o.destinations == 0 || o.sources == 0) die("a count may not be 0");
  if (o.size < 64 || o.size > 4096) die("--size is 64 to 4096 bytes");
  if (o.segments == 0 || o.segments * o.size > 65000)
    die("--segments: a send is at most 65000 bytes");
  if (o.active == 0 || o.active > o.connections) o.active = o.connections;
  if (o.sockets == 0 || o.sockets > o.connections) o.sockets = o.connections;
  return o;
}

}  // namespace load
