#include "admin/metrics.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <string>
#include <utility>

#include "base/connection_tracking.h"
#include "base/histogram.h"

namespace weir {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

// Writes the format: a family's HELP and TYPE, then its samples.
class Exposition {
 public:
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
  void histogram(std::string_view name, std::string_view help) { family(name, help, "histogram"); }

  template <typename Number>
  void sample(std::initializer_list<Label> labels, Number value) {
    series("", labels, {}, value);
  }

  // All series of one histogram, in seconds.
  void distribution(std::initializer_list<Label> labels, const Histogram::Sum& sum) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Histogram::bounded; ++i) {
      count += sum.buckets[i];
      series("_bucket", labels, bounds()[i], count);
    }
    count += sum.buckets[Histogram::bounded];
    series("_bucket", labels, "+Inf", count);
    series("_sum", labels, {}, seconds(sum.us));
    series("_count", labels, {}, count);
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  static double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }

  // The buckets' bounds as text.
  static const std::array<std::string, Histogram::bounded>& bounds() {
    static const auto texts = [] {
      std::array<std::string, Histogram::bounded> out;
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = fmt::format("{}", seconds(Histogram::bound_us(i)));
      }
      return out;
    }();
    return texts;
  }

  template <typename Number>
  void series(std::string_view suffix, std::initializer_list<Label> labels, std::string_view bound,
              Number value) {
    out_ += name_;
    out_ += suffix;
    char separator = '{';
    const auto append = [&](std::string_view key, std::string_view text) {
      out_ += separator;
      out_ += key;
      out_ += "=\"";
      append_label(text);
      out_ += '"';
      separator = ',';
    };
    for (const auto& [key, text] : labels) {
      append(key, text);
    }
    if (!bound.empty()) {
      append("le", bound);
    }
    out_ += fmt::format("{} {}\n", separator == '{' ? "" : "}", value);
  }

  void family(std::string_view name, std::string_view help, std::string_view type) {
    name_ = name;
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
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
  std::string name_;
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

  out.counter("weir_datagrams_total", "UDP datagrams; up is from client to server.");
  out.sample({{"direction", "up"}}, status.packets_up);
  out.sample({{"direction", "down"}}, status.packets_down);
  out.gauge("weir_learnt_names",
            "Addresses that clients looked up by name through the gateway, which rules with `host` "
            "may decide by; none where there is no such rule.");
  out.sample({}, status.learnt_names);
  out.gauge("weir_draining", "1 while the gateway takes no new connections and is about to end.");
  out.sample({}, status.draining ? 1 : 0);

  out.counter("weir_events_total", "Refusals, drops and fallbacks, by reason.");
  for (const auto& [reason, count] : status.reasons) {
    out.sample({{"reason", reason}}, count);
  }
  if (const auto table = read_connection_tracking()) {
    out.gauge("weir_conntrack_entries", "Entries in the kernel's table of tracked connections.");
    out.sample({}, table->entries);
    out.gauge("weir_conntrack_limit", "How many it may have: net.netfilter.nf_conntrack_max.");
    out.sample({}, table->max);
    out.counter("weir_conntrack_insert_failed_total",
                "Entries that the kernel could not add because an equal one came first.");
    out.sample({}, table->insert_failed);
  }
  out.counter("weir_reloads_total", "Reloads of the configuration.");
  out.sample({{"result", "ok"}}, status.reloads);
  out.sample({{"result", "failed"}}, status.reloads_failed);
  out.counter("weir_firewall_repairs_total",
              "Times that the firewall's rules were put back after others changed them.");
  out.sample({}, status.firewall.repairs);
  if (!status.firewall.backend.empty()) {
    out.gauge(
        "weir_firewall_kept",
        "1 while the gateway keeps its firewall rules in place, 0 after firewall remove --force.");
    out.sample({}, status.firewall.kept ? 1 : 0);
  }
}

// Of rules or of upstreams. Handshakes only where there were some.
template <typename Report>
void add_latencies(Exposition& out, const std::string& what, const std::vector<Report>& reports) {
  struct Family {
    const char* name;
    const char* help;
    Histogram::Sum Latencies::*of;
  };
  const std::array families{
      Family{"connect", "From the opening of a flow until its server was connected.",
             &Latencies::connect},
      Family{"handshake", "From the opening of a flow until its proxy had finished the handshake.",
             &Latencies::handshake},
      Family{"first_byte", "From the opening of a flow until its server's first byte.",
             &Latencies::first_byte}};
  for (const auto& family : families) {
    const auto name = "weir_" + what + "_" + family.name + "_seconds";
    out.histogram(name, family.help);
    for (const auto& report : reports) {
      const auto& sum = report.latencies.*family.of;
      if (sum.count() > 0) {
        out.distribution({{what, report.name}}, sum);
      }
    }
  }
}

// Of rules or of upstreams.
template <typename Report>
void add_traffic(Exposition& out, const std::string& what, const std::string& bytes_help,
                 const std::vector<Report>& reports) {
  const auto both_ways = [&](const std::string& name, const std::string& help, auto up, auto down) {
    out.counter("weir_" + what + name, help);
    for (const auto& report : reports) {
      out.sample({{what, report.name}, {"direction", "up"}}, report.*up);
      out.sample({{what, report.name}, {"direction", "down"}}, report.*down);
    }
  };
  both_ways("_bytes_total", bytes_help, &Report::bytes_up, &Report::bytes_down);
  both_ways("_datagrams_total", "UDP datagrams; up is from client to server.", &Report::packets_up,
            &Report::packets_down);
}

void add_workers(Exposition& out, const std::vector<WorkerReport>& workers) {
  out.histogram("weir_worker_turn_seconds",
                "How long the turns of a worker's loop took; meanwhile its other flows wait.");
  for (std::size_t i = 0; i < workers.size(); ++i) {
    out.distribution({{"worker", std::to_string(i)}}, workers[i].turns);
  }
  out.gauge("weir_worker_longest_turn_seconds", "The longest turn since the gateway started.");
  for (std::size_t i = 0; i < workers.size(); ++i) {
    out.sample({{"worker", std::to_string(i)}},
               static_cast<double>(workers[i].longest_turn_us) / 1e6);
  }
  out.gauge("weir_worker_longest_reload_seconds",
            "The longest processor time that a worker needed to take up a configuration.");
  for (std::size_t i = 0; i < workers.size(); ++i) {
    out.sample({{"worker", std::to_string(i)}},
               static_cast<double>(workers[i].longest_reload_us) / 1e6);
  }
  out.gauge(
      "weir_worker_bulk_directions",
      "Directions of TCP flows that move bulk, or hold some that their receiver does not take; "
      "they share what the kernel may hold.");
  for (std::size_t i = 0; i < workers.size(); ++i) {
    out.sample({{"worker", std::to_string(i)}}, workers[i].bulk_directions);
  }
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
  add_traffic(out, "rule", "Payload of a rule's flows.", rules);
  add_latencies(out, "rule", rules);
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
  add_traffic(out, "upstream", "Payload that went through an upstream.", upstreams);
  add_latencies(out, "upstream", upstreams);
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
  out.gauge("weir_server_up", "1 while flows may go to a server.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}}, server.state == "up" ? 1 : 0);
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
  out.counter("weir_server_datagrams_total", "UDP datagrams to and from a server.");
  each([&](std::string_view upstream, const ServerReport& server) {
    out.sample({{"upstream", upstream}, {"server", server.name}, {"direction", "up"}},
               server.packets_up);
    out.sample({{"upstream", upstream}, {"server", server.name}, {"direction", "down"}},
               server.packets_down);
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
  add_workers(out, figures.workers);
  add_process(out, figures.process);
  return out.take();
}

}  // namespace weir
