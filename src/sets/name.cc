#include "sets/name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "sets/shown.h"

namespace weir {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_of_labels(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; }

// U-labels to A-labels, as browsers do it (UTS 46, non-transitional).
Result<std::string> to_ascii(std::string_view text) {
  char* raw = nullptr;
  const int code =
      idn2_to_ascii_8z(std::string(text).c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> out(raw, idn2_free);
  if (code != IDN2_OK) {
    return Error("is no international name: " + std::string(idn2_strerror(code)));
  }
  return std::string(out.get());
}

}  // namespace

std::string flaw_of_host(std::string_view host) {
  if (host.empty()) {
    return "names nothing";
  }
  if (host.size() > longest_host) {
    return "is " + std::to_string(host.size()) + " bytes long: a name has at most " +
           std::to_string(longest_host);
  }
  bool only_digits = true;
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) {
        return "has an empty label";
      }
      label = 0;
      only_digits = true;
      continue;
    }
    if (c == '*') {
      return "has a '*' that is not its whole first label, as in '*.example.org'";
    }
    if (!is_of_labels(c)) {
      return "is neither an address nor a name (of letters, digits, '-', '_' and dots)";
    }
    only_digits = only_digits && is_digit(c);
    if (++label > longest_label) {
      return "has a label of more than " + std::to_string(longest_label) + " bytes";
    }
  }
  if (label == 0) {
    return "has an empty label";
  }
  return only_digits ? "is neither an address nor a name (its last label is a number)" : "";
}

Result<Name> Name::parse(std::string_view text) {
  const auto wrong = [&](const std::string& why) { return Error(shown(text) + " " + why); };
  std::string_view rest = text;
  Name out;
  if (rest.starts_with("*.")) {
    out.form = NameForm::below;
    rest.remove_prefix(2);
  } else if (rest.starts_with('.')) {
    out.form = NameForm::both;
    rest.remove_prefix(1);
  } else if (rest.starts_with("+.")) {
    return wrong("is no name, did you mean " + shown(rest.substr(1)) + "?");
  }
  if (rest.ends_with('.')) {
    rest.remove_suffix(1);
  }
  if (rest.find('\0') != std::string_view::npos) {
    return wrong("has a NUL byte in it");  // C would take it for the end
  }
  if (is_ascii(rest)) {
    out.text = rest;
  } else {
    auto ascii = to_ascii(rest);
    if (!ascii) {
      return wrong(ascii.error().text());
    }
    out.text = std::move(ascii).value();
  }
  std::transform(out.text.begin(), out.text.end(), out.text.begin(), lowered);
  if (const std::string flaw = flaw_of_host(out.text); !flaw.empty()) {
    return wrong(flaw);
  }
  return out;
}

std::string Name::written() const { return written_name(text, form); }

std::string written_name(std::string_view name, NameForm form) {
  const std::string_view before =
      form == NameForm::exact ? "" : (form == NameForm::below ? "*." : ".");
  return std::string(before) += name;
}

}  // namespace weir
