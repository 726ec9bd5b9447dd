// The command table: each command is one row, made of its words for the command line and the
// function that does it.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/early_signals.h"
#include "base/suggest.h"
#include "base/text.h"
#include "cli/check.h"
#include "cli/doctor.h"
#include "cli/explain.h"
#include "cli/firewall.h"
#include "cli/live.h"
#include "cli/reference.h"
#include "cli/run.h"
#include "cli/set.h"
#include "cli/set_server.h"
#include "cli/top.h"
#include "cli/version.h"
#include "firewall/cleanup_process.h"

namespace {

constexpr const char* standard_file = "/etc/weir/weir.ini";
constexpr int bad_usage = 2;

// What the chosen command will do; its arguments are filled in by then.
using Action = std::function<int()>;

void add_config(CLI::App& command, std::string& file) {
  file = standard_file;
  command.add_option("-c,--config", file, "configuration file")->capture_default_str();
}

void add_connection(CLI::App& command, weir::LiveArguments& arguments) {
  command.add_option("--socket", arguments.socket,
                     std::string("control socket of the running gateway (default: ") +
                         weir::AdminSettings{}.socket + ")");
  command.add_option("-c,--config", arguments.config,
                     "configuration file that names the control socket (admin.socket)");
}

void add_live(CLI::App& command, weir::LiveArguments& arguments) {
  add_connection(command, arguments);
  command.add_flag("--json", arguments.json, "print the API's JSON");
}

// Which names of the running gateway an option takes, by its own name.
std::string names_for(const std::string& option) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{
      {{"rule", "rules"},
       {"upstream", "upstreams"},
       {"server", "servers"},
       {"set", "sets"},
       {"id", "flows"}}};
  for (const auto& [name, kind] : kinds) {
    if (name == option) {
      return std::string(kind);
    }
  }
  return {};
}

// The table as it stands, for the reference. Choices are what CLI11 checks.
std::vector<weir::Command> commands_of(const CLI::App& app) {
  std::vector<weir::Command> out;
  for (const CLI::App* made : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (made->get_group().empty()) {
      continue;  // hidden
    }
    weir::Command command{
        .name = made->get_name(), .description = made->get_description(), .options = {}};
    for (const CLI::Option* option : made->get_options()) {
      if (option->get_name() == "--help" || option->check_lname("help")) {
        continue;
      }
      weir::CommandOption described;
      described.positional = option->get_positional();
      described.name =
          described.positional ? option->get_single_name() : "--" + option->get_lnames().front();
      described.short_name = option->get_snames().empty() ? "" : "-" + option->get_snames().front();
      described.description = option->get_description();
      described.repeats = option->get_items_expected_max() > 1;
      described.names = names_for(option->get_single_name());
      // "TEXT:{nft,iptables}"
      const std::string type = option->get_type_name();
      if (const auto open = type.find('{'); open != std::string::npos) {
        described.choices =
            CLI::detail::split(type.substr(open + 1, type.find('}', open) - open - 1), ',');
      }
      if (option->get_items_expected_max() > 0) {
        const bool file = option->check_lname("config") || option->check_lname("socket");
        described.takes =
            file ? weir::CommandOption::Takes::file : weir::CommandOption::Takes::value;
      }
      command.options.push_back(std::move(described));
    }
    out.push_back(std::move(command));
  }
  return out;
}

int run_reference(const std::string& what, const CLI::App& app) {
  const auto text = weir::reference(what, commands_of(app));
  if (!text) {
    std::fprintf(stderr, "weir: %s\n", text.error().text().c_str());
    return bad_usage;
  }
  return std::fputs(text.value().c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1;
}

// Where no command was recognised, the first word is to blame.
std::string unknown_first_word(std::string_view word, const CLI::App& app) {
  if (word.starts_with('-')) {
    return "unknown option " + weir::quoted(word) + " (options stand behind the command)";
  }
  std::vector<std::string> names;
  for (const CLI::App* made : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!made->get_group().empty()) {
      names.push_back(made->get_name());
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string hint = weir::did_you_mean(word, known);
  return "unknown command " + weir::quoted(word) +
         (hint.empty() ? "; weir --help lists them" : hint);
}

int run_command(int argc, char** argv) {
  CLI::App app{"weir: a transparent interception gateway for Linux routers", "weir"};
  app.require_subcommand(1);
  Action action;
  const auto command = [&](const char* name, const char* description, const Action& run) {
    CLI::App* made = app.add_subcommand(name, description);
    made->callback([&action, run]() { action = run; });
    return made;
  };

  weir::RunArguments run;
  CLI::App* made = command("run", "serve in the foreground", [&]() { return run_gateway(run); });
  add_config(*made, run.file);
  made->add_flag_callback(
      "--firewall", [&]() { run.firewall = weir::UseFirewall::yes; },
      "install the firewall's rules, keep them in place, and remove them at exit (with on-failure "
      "= open)");
  made->add_option("--backend", run.backend,
                   "nft or iptables, with --firewall (default: what is installed)")
      ->check(CLI::IsMember({"nft", "iptables"}));

  made->add_flag(
      "--takeover", run.takeover,
      "take over from the running gateway its listeners, its UDP flows and the states of "
      "servers; the running gateway finishes its TCP flows and ends. If anything fails, "
      "the running gateway goes on");

  // Not for people: the gateway starts it.
  command("guard", "mind the firewall's rules until the gateway is gone",
          weir::firewall::run_cleanup_process)
      ->group("");

  std::string check_file;
  auto check_output = weir::CheckOutput::text;
  made = command("check", "validate a configuration",
                 [&]() { return weir::run_check(check_file, check_output); });
  add_config(*made, check_file);
  made->add_flag_callback(
      "--json", [&]() { check_output = weir::CheckOutput::json; }, "print JSON");

  weir::ExplainArguments explain;
  made = command("explain", "which rule, upstream, server and source a flow would get",
                 [&]() { return run_explain(explain); });
  add_config(*made, explain.file);
  auto* const protocol = made->add_option("protocol", explain.protocol, "tcp or udp")
                             ->check(CLI::IsMember({"tcp", "udp"}));
  made->add_option("client", explain.client, "ADDRESS[:PORT]");
  made->add_option("destination", explain.destination, "ADDRESS:PORT");
  made->add_option("--interface", explain.interface, "inbound interface");
  made->add_option("--mac", explain.mac,
                   "the client's MAC address (default: as the router knows it)");
  made->add_option("--host", explain.host,
                   "host name that the client names, by TLS, HTTP or QUIC (default: none)");
  made->add_option("--time", explain.time,
                   "time of the flow: 2026-03-29T02:30 (the router's clock) or "
                   "2026-03-29T02:30:00Z (default: now)");
  auto* const flows = made->add_option(
      "--file", explain.flows,
      "reads flow records (JSON, one a line; '-': stdin), compares each recorded decision with "
      "what this file decides, and prints a summary");
  flows->excludes(protocol);
  made->add_flag("--json", explain.json, "print JSON");

  weir::FirewallArguments firewall;
  made = command("firewall", "print, install or remove the firewall's rules",
                 [&]() { return run_firewall(firewall); });
  made->add_option("action", firewall.action, "show, apply or remove")
      ->required()
      ->check(CLI::IsMember({"show", "apply", "remove"}));
  add_config(*made, firewall.file);
  made->add_option("--backend", firewall.backend, "nft or iptables (default: what is installed)")
      ->check(CLI::IsMember({"nft", "iptables"}));

  made->add_flag("--on-failure", firewall.on_failure,
                 "with remove: leave the rules in place where firewall.on-failure is closed");
  made->add_flag("--force", firewall.force,
                 "with remove: also the rules that a running gateway keeps (run --firewall), which "
                 "then keeps them no longer");
  made->add_flag("--json", firewall.json, "with show: print what the rules do as JSON");

  weir::DoctorArguments doctor;
  made = command("doctor", "test what interception needs on this machine, and name what to fix",
                 [&]() { return run_doctor(doctor); });
  add_config(*made, doctor.file);
  made->add_flag("--json", doctor.json, "print JSON");

  weir::LiveArguments live;
  made = command("status", "show the running gateway", [&]() { return run_status(live); });
  add_live(*made, live);
  made = command("flows", "list live flows", [&]() { return run_flows(live); });
  add_live(*made, live);
  made->add_option("--protocol", live.flows.protocol, "tcp or udp")
      ->check(CLI::IsMember({"tcp", "udp"}));
  made->add_option("--client", live.flows.client, "ADDRESS, ADDRESS:PORT or prefix");
  made->add_option("--destination", live.flows.destination, "ADDRESS, ADDRESS:PORT or prefix");
  made->add_option("--rule", live.flows.rule, "name of the rule");
  made->add_option("--upstream", live.flows.upstream, "name of the upstream");
  made->add_option("--limit", live.flows.limit, "show at most so many flows");
  made = command("rules", "show rules and what they did", [&]() { return run_rules(live); });
  add_live(*made, live);
  made = command("upstreams", "show upstreams and their servers",
                 [&]() { return run_upstreams(live); });
  add_live(*made, live);
  weir::SetServerArguments set_server;
  made = command("set-server", "take a server out, bring it back, or change its weight",
                 [&]() { return run_set_server(set_server); });
  made->add_option("upstream", set_server.upstream, "name of the upstream")->required();
  made->add_option("server", set_server.server, "name of its server")->required();
  made->add_option("state", set_server.setting, "up, down, drain or weight=N")->required();
  add_live(*made, set_server.live);
  made = command("sets",
                 "show the sets that rules use, and what was added to them and removed from them",
                 [&]() { return run_sets(live); });
  add_live(*made, live);
  weir::SetArguments set;
  made = command("set", "add to a set of the running gateway, or remove from it, without a reload",
                 [&]() { return run_set(set); });
  made->add_option("set", set.set, "name of a set that a rule uses")->required();
  made->add_option("action", set.action, "add or remove")
      ->required()
      ->check(CLI::IsMember({"add", "remove"}));
  made->add_option("item", set.items,
                   "addresses, prefixes and ranges A-B (domain names, too, which rules do not "
                   "match yet); part "
                   "of a larger prefix cannot be removed")
      ->required();
  made->add_option("--for", set.duration,
                   "end this change after this time: 90s, 1h30m; an earlier change of the item "
                   "does not come "
                   "back (default: keep it until weir restarts; a reload keeps it)")
      ->check([](const std::string& text) {
        return std::string(text.empty() ? "a time is missing" : "");
      });
  made->add_flag("--force", set.force, "add 0.0.0.0/0 or ::/0, too");
  add_live(*made, set.live);
  made = command("reload", "apply the configuration anew and print the report",
                 [&]() { return run_reload(live); });
  add_live(*made, live);

  made = command("close", "end flows of the running gateway", [&]() { return run_close(live); });
  add_live(*made, live);
  made->add_option("id", live.ids, "ids of the flows, as `weir flows` shows them")->required();
  made = command("drain", "take no new flows, let live flows finish, then end the gateway",
                 [&]() { return run_drain(live); });
  add_live(*made, live);
  made = command("log-level", "set which messages the running gateway writes, until a reload",
                 [&]() { return run_log_level(live); });
  add_live(*made, live);
  made->add_option("level", live.level, "debug, info, warning or error")
      ->required()
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  made = command("top", "live view of rates, upstreams and the busiest flows; q ends it",
                 [&]() { return run_top(live); });
  add_connection(*made, live);

  std::string kind;
  made = command("names", "print the names that the running gateway knows",
                 [&]() { return run_names(live, kind); });
  made->group("");  // for completions
  add_connection(*made, live);
  made->add_option("kind", kind, "rules, upstreams, servers, sets or flows")
      ->required()
      ->check(CLI::IsMember({"rules", "upstreams", "servers", "sets", "flows"}));

  std::string what;
  made = command("reference", "print man pages, completions and the table of events",
                 [&]() { return run_reference(what, app); });
  made->group("");  // of use to the build only
  made->add_option("what", what, "man, ini, bash, zsh, fish or events")->required();

  bool json = false;
  made = command("version", "version and what this build supports",
                 [&]() { return weir::run_version(json); });
  made->add_flag("--json", json, "print JSON");

  app.add_flag_callback(
      "--version",
      []() {
        if (weir::run_version(false) == 0) {
          throw CLI::Success();
        }
      },
      "the same as the command");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    // One line a problem; `--help` tells the rest.
    const bool knows_none = argc > 1 && app.get_subcommands().empty();
    const std::string text = knows_none ? unknown_first_word(argv[1], app) : error.what();
    std::fprintf(stderr, "weir: %s\n", text.c_str());
    return bad_usage;
  }
  const int status = action();
  if (status == 0 && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) {
    std::fprintf(stderr, "weir: cannot write to standard output: %s\n", std::strerror(errno));
    return 1;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "run") {
    weir::EarlySignals::hold();
  }
  try {
    return run_command(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
  } catch (...) {
    std::fputs("weir: an error that says nothing about itself\n", stderr);
  }
  return 1;
}
