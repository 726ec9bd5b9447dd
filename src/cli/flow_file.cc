#include "cli/flow_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "base/escape.h"
#include "base/json.h"
#include "cli/asked_host.h"
#include "cli/print_error.h"

namespace weir {
namespace {

enum Field : std::uint8_t { protocol, client, destination, host, rule, upstream };
constexpr std::array<std::string_view, 6> names{"protocol", "client", "destination",
                                                "host",     "rule",   "upstream"};

constexpr std::string_view kernel = "(kernel)";

Result<Flow> flow_of(const std::vector<std::string>& read) {
  Flow flow;
  if (read[protocol] != "tcp" && read[protocol] != "udp") {
    return Error("'" + read[protocol] + "' is not tcp or udp");
  }
  flow.protocol = read[protocol] == "tcp" ? Protocol::tcp : Protocol::udp;
  for (const auto& [name, to] :
       {std::pair(client, &flow.client), {destination, &flow.destination}}) {
    const auto endpoint = Endpoint::parse(read[name]);
    if (!endpoint) {
      return endpoint.error().with_context(std::string(names[name]));
    }
    *to = endpoint.value();
  }
  return flow;
}

std::string flows_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " flow" : " flows");
}

Json json_of(const FlowChange& change) {
  Json out{{"protocol", change.protocol},
           {"client", change.client},
           {"destination", change.destination},
           {"was", change.was},
           {"would_be", change.would_be}};
  if (!change.why.empty()) {
    out.set("why", change.why);
  }
  return out;
}

Json summary_json(const FlowComparison& comparison) {
  Json changes(Json::Kind::array);
  for (const FlowComparison::Kind& kind : comparison.changes()) {
    Json one{{"was", kind.was}, {"would_be", kind.would_be}, {"flows", kind.flows}};
    if (!kind.why.empty()) {
      one.set("why", kind.why);
    }
    changes.push(std::move(one));
  }
  return {{"flows", comparison.flows()}, {"changes", std::move(changes)}};
}

void append_text(std::string& out, const FlowChange& change) {
  std::string line = change.protocol;
  line += ' ';
  line += change.client;
  line += " -> ";
  line += change.destination;
  line += ": ";
  line += change.was;
  line += " -> ";
  line += change.would_be;
  if (!change.why.empty()) {
    line += ": ";
    line += change.why;
  }
  append_printable(out, line);
  out += '\n';
}

// What is read of a record stands at its beginning. That the rest is there, too, shows at the end,
// and where two records seem to stand in one line, the line is read as a whole.
Result<> check_whole(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\r");
  if (last != std::string_view::npos && line.front() == '{' && line[last] != '}') {
    return Error("the record is cut off: its line does not end with '}'");
  }
  if (line.find("}{") == std::string_view::npos) {
    return Ok{};
  }
  const auto parsed = parse_json(line);
  return parsed ? Result<>(Ok{}) : Result<>(parsed.error());
}

int cannot_read(const std::string& file, int why) {
  print_error("weir explain: cannot read '" + file + "': " + std::strerror(why));
  return 1;
}

}  // namespace

FlowComparison::FlowComparison(const FlowDecider& decider, const Configuration& configuration,
                               std::string interface)
    : decider_(decider),
      configuration_(configuration),
      interface_(std::move(interface)),
      read_(names.size()) {}

Result<std::optional<FlowChange>> FlowComparison::compare(std::string_view line) {
  if (auto whole = check_whole(line); !whole) {
    return whole.error();
  }
  if (auto done = read_texts(line, names, read_); !done) {
    return done.error();
  }
  if (read_[client].empty() && read_[destination].empty()) {
    ++others_;
    return std::optional<FlowChange>();
  }
  auto flow = flow_of(read_);
  if (!flow) {
    return flow.error();
  }
  flow.value().interface = interface_.empty() ? 0 : 1;
  const auto named = host_in(read_[host]);
  if (!named) {
    return named.error().with_context("host");
  }
  const FlowDecider::Decision decision =
      decider_.decide(flow.value(), interface_, known_host(named.value()));
  FlowChange out{.protocol = read_[protocol],
                 .client = read_[client],
                 .destination = read_[destination],
                 .was = read_[rule] + "/" + read_[upstream],
                 .would_be = std::string(kernel),
                 .why = decision.not_intercepted};
  if (decision.target != nullptr) {
    out.would_be = decision.rule ? configuration_.rules[*decision.rule].name : default_rule_name;
    out.would_be += '/';
    out.would_be += decision.client == nullptr ? decision.target->use : "transparent";
  }
  ++flows_;
  if (out.is_change()) {
    Kind& kind = changes_[out.was + '\n' + out.would_be + '\n' + out.why];
    if (kind.flows++ == 0) {
      kind.was = out.was;
      kind.would_be = out.would_be;
      kind.why = out.why;
    }
  }
  return std::optional(std::move(out));
}

std::vector<FlowComparison::Kind> FlowComparison::changes() const {
  std::vector<Kind> out;
  out.reserve(changes_.size());
  for (const auto& [key, kind] : changes_) {
    out.push_back(kind);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Kind& a, const Kind& b) { return a.flows > b.flows; });
  return out;
}

std::string summary_of(const FlowComparison& comparison) {
  const auto changes = comparison.changes();
  std::uint64_t changed = 0;
  for (const auto& kind : changes) {
    changed += kind.flows;
  }
  std::string out = flows_text(comparison.flows()) + ", " + std::to_string(changed) +
                    " of them decided otherwise\n";
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < std::min(most, changes.size()); ++i) {
    const auto& kind = changes[i];
    append_printable(out, "  " + flows_text(kind.flows) + ": " + kind.was + " -> " + kind.would_be +
                              (kind.why.empty() ? "" : ": " + kind.why));
    out += '\n';
  }
  if (changes.size() > most) {
    out += "  and " + std::to_string(changes.size() - most) + " more kinds of change\n";
  }
  return out;
}

int compare_flow_file(const FlowFileArguments& arguments, const FlowDecider& decider,
                      const Configuration& configuration) {
  std::ifstream file;
  if (arguments.flows != "-") {
    file.open(arguments.flows);
    if (!file) {
      return cannot_read(arguments.flows, errno);
    }
    if (std::filesystem::is_directory(arguments.flows)) {
      return cannot_read(arguments.flows, EISDIR);
    }
  }
  std::istream& in = arguments.flows == "-" ? std::cin : file;
  FlowComparison comparison(decider, configuration, arguments.interface);
  std::string out;
  int status = 0;
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) {
      continue;
    }
    const auto change = comparison.compare(line);
    if (!change) {
      print_error(arguments.flows + ":" + std::to_string(number) + ": " + change.error().text());
      status = 1;
    } else if (change.value()) {
      if (arguments.json) {
        out += json_text(json_of(*change.value()));
        out += '\n';
      } else {
        append_text(out, *change.value());
      }
    }
    constexpr std::size_t block = 1U << 16U;
    if (out.size() > block) {
      (void)std::fwrite(out.data(), 1, out.size(), stdout);
      out.clear();
    }
  }
  if (in.bad() || (&in == &std::cin && std::ferror(stdin) != 0)) {
    return cannot_read(arguments.flows, errno);
  }
  out += arguments.json ? json_text(summary_json(comparison)) + '\n' : summary_of(comparison);
  (void)std::fwrite(out.data(), 1, out.size(), stdout);
  return status;
}

}  // namespace weir
