#include "firewall/install.h"

#include "firewall/nft.h"
#include "firewall/program.h"

namespace weir::firewall {

namespace {

Result<> run_script(const std::string& script) {
  if (!may_change_the_network()) {
    return Error("this needs CAP_NET_ADMIN, which root has");
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
  return run_script(apply_script(ruleset, backend));
}

Result<> follow_nat(const Ruleset& ruleset) {
  return ruleset.decisions.empty() ? Result<>(Ok{}) : run_script(nat_script(ruleset));
}

Result<> apply_inputs(const Ruleset& ruleset) { return run_script(input_script(ruleset)); }

Result<> apply_routes(const Ruleset& ruleset) { return run_script(routes_script(ruleset)); }

Result<> remove(Backend backend) { return run_script(remove_script(backend)); }

Result<bool> applied(Backend backend) {
  // Not by asking iptables for the rule: iptables over nft makes tables and chains only to look.
  const Result<Ended> ended =
      backend == Backend::nft ? run_nft("list chain inet weir prerouting\n", NftWith::everything)
                              : run_program({"iptables-save"}, "");
  if (!ended) {
    return ended.error();
  }
  const auto& [status, output, errors] = ended.value();
  if (backend == Backend::iptables) {
    if (status != 0) {
      return Error("cannot read the firewall's rules: " + first_line(errors));
    }
    return output.find("-A PREROUTING -j WEIR\n") != std::string::npos;
  }
  if (status != 0 && errors.find("No such file or directory") == std::string::npos) {
    return Error("cannot read the firewall's rules: " + first_line(errors));
  }
  return status == 0;
}

}  // namespace weir::firewall
