#include "admin/metrics.h"

#include <fmt/format.h>

#include <initializer_list>
#include <iterator>
#include <utility>

namespace weir {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

// Writes the format: a family's HELP and TYPE, then its samples.
class Exposition {
 public:
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }

  template <typename Number>
  void sample(std::initializer_list<Label> labels, Number value) {
    out_ += name_;
    char separator = '{';
    for (const auto& [key, text] : labels) {
      out_ += separator;
      out_ += key;
      out_ += "=\"";
      append_label(text);
      out_ += '"';
      separator = ',';
    }
    fmt::format_to(std::back_inserter(out_), "{} {}\n", separator == '{' ? "" : "}", value);
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void family(std::string_view name, std::string_view help, std::string_view type) {
    name_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }

  void append_label(std::string_view text) {
    for (const char c : text) {
      switch (c) {
        case '\\':
          out_ += "\\\\";
          break;
        case '"':
          out_ += "\\\"";
          break;
        case '\n':
          out_ += "\\n";
          break;
        default:
          out_ += c;
      }
    }
  }

  std::string out_;
  std::string_view name_;
};

void add_gateway(Exposition& out, const StatusReport& status) {
  out.gauge("weir_build_info", "The running version; the value is always 1.");
  out.sample({{"version", status.version}}, 1);
  out.gauge("weir_uptime_seconds", "Time since the gateway started.");
  out.sample({}, static_cast<double>(status.uptime_ms) / 1000.0);
  out.gauge("weir_workers", "Worker threads.");
  out.sample({}, status.workers);

  out.gauge("weir_flows", "Live flows.");
  out.sample({{"protocol", "tcp"}}, status.tcp_flows);
  out.sample({{"protocol", "udp"}}, status.udp_flows);
  out.gauge("weir_flows_limit", "How many flows may live at once.");
  out.sample({}, status.max_flows);
  out.counter("weir_flows_total", "Flows since the gateway started.");
  out.sample({}, status.flows_total);
  out.counter("weir_bytes_total", "Payload; up is from client to server.");
  out.sample({{"direction", "up"}}, status.bytes_up);
  out.sample({{"direction", "down"}}, status.bytes_down);

  out.counter("weir_events_total", "Refusals, drops and fallbacks, by reason.");
  for (const auto& [reason, count] : status.reasons) {
    out.sample({{"reason", reason}}, count);
  }
  out.counter("weir_reloads_total", "Reloads of the configuration.");
  out.sample({{"result", "ok"}}, status.reloads);
  out.sample({{"result", "failed"}}, status.reloads_failed);
  out.counter("weir_firewall_repairs_total",
              "Times that the firewall's rules were put back after others changed them.");
  out.sample({}, status.firewall.repairs);
}

void add_rules(Exposition& out, const std::vector<RuleReport>& rules) {
  out.gauge("weir_rule_flows", "Live flows of a rule.");
  for (const auto& rule : rules) {
    out.sample({{"rule", rule.name}}, rule.live);
  }
  out.counter("weir_rule_flows_total", "Flows of a rule that the gateway saw.");
  for (const auto& rule : rules) {
    out.sample({{"rule", rule.name}}, rule.flows);
  }
  out.counter("weir_rule_bytes_total", "Payload of a rule's flows.");
  for (const auto& rule : rules) {
    out.sample({{"rule", rule.name}, {"direction", "up"}}, rule.bytes_up);
    out.sample({{"rule", rule.name}, {"direction", "down"}}, rule.bytes_down);
  }
  out.counter("weir_rule_firewall_packets_total", "Packets the firewall decided alone for a rule.");
  for (const auto& rule : rules) {
    if (rule.in_firewall) {
      out.sample({{"rule", rule.name}}, rule.firewall_packets);
    }
  }
  out.counter("weir_rule_firewall_bytes_total", "Bytes the firewall decided alone for a rule.");
  for (const auto& rule : rules) {
    if (rule.in_firewall) {
      out.sample({{"rule", rule.name}}, rule.firewall_bytes);
    }
  }
}

void add_upstreams(Exposition& out, const std::vector<UpstreamReport>& upstreams) {
  out.gauge("weir_upstream_flows", "Live flows through an upstream.");
  for (const auto& upstream : upstreams) {
    out.sample({{"upstream", upstream.name}}, upstream.live);
  }
  out.counter("weir_upstream_flows_total", "Flows that went through an upstream.");
  for (const auto& upstream : upstreams) {
    out.sample({{"upstream", upstream.name}}, upstream.flows);
  }
  out.counter("weir_upstream_bytes_total", "Payload that went through an upstream.");
  for (const auto& upstream : upstreams) {
    out.sample({{"upstream", upstream.name}, {"direction", "up"}}, upstream.bytes_up);
    out.sample({{"upstream", upstream.name}, {"direction", "down"}}, upstream.bytes_down);
  }
}

void add_servers(Exposition& out, const std::vector<UpstreamReport>& upstreams) {
  const auto each = [&](auto add) {
    for (const auto& upstream : upstreams) {
      for (const auto& server : upstream.servers) {
        add(std::string_view(upstream.name), server);
      }
    }
  };
  out.gauge("weir_server_flows", "Live flows to a server.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}}, server.live);
  });
  out.gauge("weir_server_addresses", "Addresses a server's host is known to have.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}}, server.addresses.size());
  });
  out.counter("weir_server_flows_total", "Flows that went to a server.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}}, server.flows);
  });
  out.counter("weir_server_failures_total", "Attempts to reach a server that failed.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}}, server.failures);
  });
  out.counter("weir_server_bytes_total", "Payload to and from a server.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}, {"direction", "up"}},
               server.bytes_up);
    out.sample({{"upstream", upstream}, {"server", server.name}, {"direction", "down"}},
               server.bytes_down);
  });
}

void add_process(Exposition& out, const ProcessFigures& process) {
  out.counter("weir_process_cpu_seconds_total", "CPU time of the gateway, user and system.");
  out.sample({}, process.cpu_seconds);
  out.gauge("weir_process_resident_memory_bytes", "Memory of the gateway that is in RAM.");
  out.sample({}, process.resident_bytes);
  out.gauge("weir_process_max_fds", "How many descriptors the gateway may open.");
  out.sample({}, process.max_descriptors);
  if (process.descriptors) {
    out.gauge("weir_process_open_fds", "Descriptors the gateway has open.");
    out.sample({}, *process.descriptors);
  }
}

}  // namespace

std::string metrics_text(const Figures& figures) {
  Exposition out;
  add_gateway(out, figures.status);
  add_rules(out, figures.rules);
  add_upstreams(out, figures.upstreams);
  add_servers(out, figures.upstreams);
  add_process(out, figures.process);
  return out.take();
}

}  // namespace weir
