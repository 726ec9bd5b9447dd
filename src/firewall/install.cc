#include "firewall/install.h"

#include <algorithm>

#include "firewall/installed.h"
#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/nft_listing.h"
#include "firewall/plan.h"
#include "firewall/program.h"
#include "firewall/set_loader.h"

namespace weir::firewall {

namespace {

Result<> check_allowed() {
  return may_change_the_network() ? Result<>(Ok{})
                                  : Result<>(Error("this needs CAP_NET_ADMIN, which root has"));
}

Result<> run_script(const std::string& script) {
  if (auto allowed = check_allowed(); !allowed) {
    return allowed;
  }
  const Result<Ended> ended = run_program({"sh", "-s"}, script);
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status == 0) {
    return Ok{};
  }
  const std::string reason = first_line(ended.value().errors);
  return Error(reason.empty() ? "status " + std::to_string(ended.value().status) : reason);
}

}  // namespace

std::optional<Backend> backend_named(std::string_view name) {
  for (const Backend backend : {Backend::nft, Backend::iptables}) {
    if (name == name_of(backend)) {
      return backend;
    }
  }
  return std::nullopt;
}

bool is_installed(Backend backend) { return is_installed(std::string(name_of(backend))); }

Backend standard_backend() {
  return !is_installed(Backend::nft) && is_installed(Backend::iptables) ? Backend::iptables
                                                                        : Backend::nft;
}

Result<> apply(const Ruleset& ruleset, Backend backend) {
  const Plan plan =
      backend == Backend::nft ? for_nft(make_plan(ruleset), NftLists::in_sets) : Plan{};
  if (named_sets(plan).empty()) {
    return run_script(apply_script(ruleset, backend));
  }
  if (auto allowed = check_allowed(); !allowed) {
    return allowed;
  }
  const auto before = installed_text(backend);
  if (!before) {
    return before.error();
  }
  const auto loaded = load_sets(plan, before.value());
  if (!loaded) {
    return loaded.error();
  }
  auto applied = run_script(apply_script(ruleset, backend, NftLists::in_sets));
  if (!applied) {
    drop_sets(loaded.value());
    if (before.value().empty()) {
      static_cast<void>(remove(backend));
    }
  }
  return applied;
}

Result<> follow_nat(const Ruleset& ruleset) {
  return ruleset.decisions.empty() ? Result<>(Ok{}) : run_script(nat_script(ruleset));
}

Result<> apply_inputs(const Ruleset& ruleset) { return run_script(input_script(ruleset)); }

Result<> apply_routes(const Ruleset& ruleset) { return run_script(routes_script(ruleset)); }

Result<> remove(Backend backend) { return run_script(remove_script(backend)); }

Result<bool> applied(Backend backend) {
  // Not by asking iptables for the rule: iptables over nft makes tables and chains only to look.
  if (backend == Backend::nft) {
    const auto installed = installed_text(backend);
    if (!installed) {
      return installed.error();
    }
    const auto objects = read_listing(installed.value()).objects;
    return std::any_of(objects.begin(), objects.end(), [](const NftObject& object) {
      return object.kind == "chain" && object.name == "prerouting";
    });
  }
  const Result<Ended> ended = run_program({"iptables-save"}, "");
  if (!ended) {
    return ended.error();
  }
  const auto& [status, output, errors] = ended.value();
  if (status != 0) {
    return Error("cannot read the firewall's rules: " + first_line(errors));
  }
  return output.find("-A PREROUTING -j WEIR\n") != std::string::npos;
}

}  // namespace weir::firewall
