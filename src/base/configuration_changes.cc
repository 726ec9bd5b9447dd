#include "base/configuration_changes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/configuration.h"

namespace weir {
namespace {

class Differences {
 public:
  void note(bool differs, std::string_view key) {
    if (differs) {
      out_.emplace_back(key);
    }
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(out_); }

 private:
  std::vector<std::string> out_;
};

void compare_firewall(const FirewallSettings& a, const FirewallSettings& b, Differences& out) {
  out.note(a.table != b.table, "firewall.table");
  out.note(a.inbound != b.inbound || a.interfaces != b.interfaces, "firewall.interfaces");
  out.note(a.towards != b.towards, "firewall.towards");
  out.note(a.exclude != b.exclude, "firewall.exclude");
  out.note(a.local != b.local, "firewall.local");
  out.note(a.exclude_users != b.exclude_users, "firewall.exclude-user");
  out.note(a.exclude_cgroups != b.exclude_cgroups, "firewall.exclude-cgroup");
  out.note(a.local_services != b.local_services, "firewall.local-services");
  out.note(a.on_failure != b.on_failure, "firewall.on-failure");
  out.note(a.max_set != b.max_set, "firewall.max-set");
}

void compare_limits(const Limits& a, const Limits& b, Differences& out) {
  out.note(a.max_flows != b.max_flows, "limits.max-flows");
  out.note(a.max_flows_per_client != b.max_flows_per_client, "limits.max-flows-per-client");
  out.note(a.client_prefix_4 != b.client_prefix_4, "limits.client-prefix-4");
  out.note(a.client_prefix_6 != b.client_prefix_6, "limits.client-prefix-6");
  out.note(a.buffer != b.buffer, "limits.buffer");
}

void compare_timeouts(const Timeouts& a, const Timeouts& b, Differences& out) {
  out.note(a.connect != b.connect, "timeouts.connect");
  out.note(a.handshake != b.handshake, "timeouts.handshake");
  out.note(a.sniff != b.sniff, "timeouts.sniff");
  out.note(a.tcp_idle != b.tcp_idle, "timeouts.tcp-idle");
  out.note(a.half_closed != b.half_closed, "timeouts.half-closed");
  out.note(a.keepalive != b.keepalive, "timeouts.keepalive");
  out.note(a.udp_idle != b.udp_idle, "timeouts.udp-idle");
  out.note(a.dns_idle != b.dns_idle, "timeouts.dns-idle");
  out.note(a.drain != b.drain, "timeouts.drain");
}

void compare_others(const Configuration& a, const Configuration& b, Differences& out) {
  out.note(a.dns.servers != b.dns.servers, "dns.servers");
  out.note(a.dns.min_ttl != b.dns.min_ttl, "dns.min-ttl");
  out.note(a.dns.max_ttl != b.dns.max_ttl, "dns.max-ttl");
  out.note(a.log.level != b.log.level, "log.level");
  out.note(a.log.format != b.log.format, "log.format");
  out.note(a.log.target != b.log.target || a.log.path != b.log.path, "log.target");
  out.note(a.log.flows != b.log.flows, "log.flows");
  out.note(a.admin.http != b.admin.http, "admin.http");
  out.note(a.admin.http_hosts != b.admin.http_hosts, "admin.http-host");
}

bool same_values(const std::vector<Value>& a, const std::vector<Value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Value& one, const Value& two) {
    return one.text == two.text && same_values(one.items, two.items);
  });
}

// The `server` lines are reported one by one, elsewhere.
void compare_upstream(const Settings& a, const Settings& b, Differences& out) {
  auto keys = a.given_keys();
  for (const std::string_view key : b.given_keys()) {
    if (!a.given(key)) {
      keys.push_back(key);
    }
  }
  for (const std::string_view key : keys) {
    const bool same = a.given(key) && b.given(key) && same_values(a.all(key), b.all(key));
    out.note(!same && key != "server", "[upstream " + a.name() + "] " + std::string(key));
  }
}

const Settings* upstream_named(const Configuration& configuration, const std::string& name) {
  const auto found = std::find_if(configuration.upstreams.begin(), configuration.upstreams.end(),
                                  [&](const Settings& one) { return one.name() == name; });
  return found == configuration.upstreams.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> settings_changed(const Configuration& before, const Configuration& after) {
  Differences out;
  out.note(before.gateway.default_use != after.gateway.default_use ||
               before.gateway.default_given != after.gateway.default_given,
           "gateway.default");
  out.note(before.gateway.busy_poll != after.gateway.busy_poll, "gateway.busy-poll");
  compare_firewall(before.firewall, after.firewall, out);
  compare_limits(before.limits, after.limits, out);
  compare_timeouts(before.timeouts, after.timeouts, out);
  compare_others(before, after, out);
  for (const Settings& upstream : before.upstreams) {
    const Settings* now = upstream_named(after, upstream.name());
    if (now == nullptr) {
      out.note(true, "[upstream " + upstream.name() + "] removed");
    } else {
      compare_upstream(upstream, *now, out);
    }
  }
  for (const Settings& upstream : after.upstreams) {
    out.note(upstream_named(before, upstream.name()) == nullptr,
             "[upstream " + upstream.name() + "] added");
  }
  return out.take();
}

}  // namespace weir
