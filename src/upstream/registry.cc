#include "upstream/registry.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "base/names.h"
#include "upstream/direct.h"
#include "upstream/forward.h"
#include "upstream/group.h"
#include "upstream/proxy_chain.h"
#include "upstream/server_key.h"
#include "upstream/verdict.h"

namespace weir {

// A row that needs no header stands in its policy's own file.
extern const PolicyType socks5_policy;        // socks5.cc
extern const PolicyType http_connect_policy;  // http_connect.cc

namespace {

constexpr std::array shared_keys{
    Key{.name = "source",
        .default_value = "gateway",
        .description =
            "the address the upstream side sees: gateway, client, client:port (falls back to "
            "client when the port is taken), or an address of the router"},
    Key{.name = "mapping",
        .kind = ValueKind::word,
        .description =
            "UDP: one server-side socket per flow, or one per client ip:port "
            "(endpoint-independent mapping); default per-client for direct, else per-flow",
        .choices = "per-flow, per-client"},
    Key{.name = "retries",
        .kind = ValueKind::number,
        .default_value = "3",
        .description = "connection attempts on other servers before the flow fails",
        .min = 0,
        .max = 100},
    Key{.name = "mark",
        .kind = ValueKind::mark,
        .description = "firewall mark of upstream sockets, VALUE/MASK (multi-WAN)"},
    Key{.name = "interface", .description = "network interface that upstream sockets are bound to"},
    Key{.name = "dscp",
        .kind = ValueKind::number,
        .default_value = "keep",
        .description = "DSCP of upstream packets: the client's (keep), or this one; datagrams that "
                       "answer keep the server's",
        .min = 0,
        .max = 63,
        .choices = "keep"},
};

const std::array table{
    PolicyType{"direct", "goes on to the flow's own destination", direct_keys, make_direct},
    forward_policy,
    socks5_policy,
    http_connect_policy,
    PolicyType{"group", "goes on as one of several upstreams has it", group_keys, make_group},
    PolicyType{"reject", "is refused: RST, ICMP port unreachable", {}, make_reject},
    PolicyType{"drop", "is not answered at all", {}, make_drop},
};

constexpr std::array<std::string_view, 5> builtins{"direct", "transparent", "bypass", "reject",
                                                   "drop"};

Result<SocketOptions> parse_options(const Settings& settings) {
  SocketOptions options;
  if (settings.given("mark")) {
    options.mark = settings.mark("mark");
  }
  if (settings.given("dscp") && !settings.all("dscp").front().is_choice) {
    options.dscp = static_cast<std::uint8_t>(settings.number("dscp"));
  }
  options.interface = settings.text_or_empty("interface");
  if (auto why = why_no_interface(options.interface); !why.empty()) {
    return Error(std::move(why), settings.location_of("interface"));
  }
  return options;
}

const PolicyType* find(std::string_view name) {
  for (const PolicyType& row : table) {
    if (row.name == name) {
      return &row;
    }
  }
  return nullptr;
}

}  // namespace

std::span<const PolicyType> policies() { return table; }

std::span<const Key> upstream_keys() { return shared_keys; }

Result<std::shared_ptr<Upstream>> make_upstream(const Settings& settings, ServerPool& pool,
                                                const UpstreamLookup& others) {
  const PolicyType* row = find(settings.text("type"));
  assert(row != nullptr && "the configuration let an unknown type pass");
  auto source = parse_source(settings.text("source"));
  if (!source) {
    return Error(source.error().text(), settings.location_of("source"));
  }
  auto options = parse_options(settings);
  if (!options) {
    return options.error();
  }
  auto via = parse_via(settings, others);
  if (!via) {
    return via.error();
  }
  UpstreamProfile profile{.name = settings.name(),
                          .type = std::string(row->name),
                          .source = source.value(),
                          .options = options.value(),
                          .mapping = settings.text_or_empty("mapping") == "per-client"
                                         ? Mapping::per_client
                                         : Mapping::per_flow,
                          .attempts = 1 + static_cast<std::uint32_t>(settings.number("retries")),
                          .proxy_header = parse_proxy_header(settings),
                          .via = std::move(via).value()};
  return row->make(settings, std::move(profile), pool, others);
}

std::shared_ptr<Upstream> make_builtin(std::string_view name) {
  UpstreamProfile profile{.name = std::string(name), .type = std::string(name)};
  if (name == "direct") {
    profile.mapping = Mapping::per_client;
    return std::make_shared<Direct>(std::move(profile), Upstream::Offload::none);
  }
  if (name == "transparent" || name == "bypass") {
    profile.source.kind = SourceKind::client;
    profile.mapping = Mapping::per_client;
    return std::make_shared<Direct>(
        std::move(profile), name == "bypass" ? Upstream::Offload::bypass : Upstream::Offload::none);
  }
  if (name == "reject") {
    return std::make_shared<Verdict>(std::move(profile), Route::Verdict::reject);
  }
  if (name == "drop") {
    return std::make_shared<Verdict>(std::move(profile), Route::Verdict::drop);
  }
  return nullptr;
}

bool is_complete(const Settings& settings) {
  const PolicyType* row = find(settings.text_or_empty("type"));
  return row != nullptr && std::all_of(row->keys.begin(), row->keys.end(), [&](const Key& key) {
           return key.need == Key::Need::optional || settings.given(key.name);
         });
}

std::span<const std::string_view> builtin_names() { return builtins; }

}  // namespace weir
