#include "cli/top.h"

#include <langinfo.h>
#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/control_client.h"
#include "cli/top_text.h"

namespace weir {
namespace {

constexpr int refresh_ms = 1'000;
constexpr int escape_ms = 25;  // to tell the key from the beginning of another one

Result<TopSample> sample_at(const std::string& socket) {
  TopSample out;
  for (const auto& [target, body] : {std::pair{"/v1/status", &out.status},
                                     {"/v1/upstreams", &out.upstreams},
                                     {"/v1/top", &out.top_talkers}}) {
    auto answer = ask_gateway(socket, "GET", target);
    if (!answer) {
      return answer.error();
    }
    if (answer.value().status != 200) {
      return Error(std::string("the gateway does not know ") + target);
    }
    *body = std::move(answer.value().body);
  }
  return out;
}

// The terminal while we draw on it; as it was, afterwards.
class Terminal {
 public:
  Terminal() : screen_(newterm(nullptr, stdout, stdin)) {
    if (screen_ != nullptr) {
      cbreak();
      noecho();
      curs_set(0);
      keypad(stdscr, true);
      set_escdelay(escape_ms);
      choose_colours();
    }
  }
  ~Terminal() {
    if (screen_ != nullptr) {
      endwin();
      delscreen(screen_);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool usable() const { return screen_ != nullptr; }

  [[nodiscard]] static Screen size() {
    return {.width = static_cast<std::size_t>(getmaxx(stdscr)),
            .height = static_cast<std::size_t>(getmaxy(stdscr))};
  }

  static void draw(const std::vector<ScreenLine>& lines) {
    erase();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      move(static_cast<int>(i), 0);
      for (const Run& run : lines[i]) {
        attrset(attributes_of(run.tone));
        addstr(drawable(run.text).c_str());
      }
    }
    attrset(A_NORMAL);
    refresh();
  }

  // A key within that time; none: ERR.
  [[nodiscard]] static int key(int ms) {
    timeout(ms);
    return getch();
  }

 private:
  static void choose_colours() {
    if (!has_colors()) {
      return;
    }
    start_color();
    use_default_colors();
    for (const auto& [tone, colour] : {std::pair{Tone::good, COLOR_GREEN},
                                       {Tone::warning, COLOR_YELLOW},
                                       {Tone::bad, COLOR_RED}}) {
      init_pair(static_cast<short>(tone), static_cast<short>(colour), -1);
    }
  }

  static int attributes_of(Tone tone) {
    const bool coloured = has_colors();
    const auto colour = coloured ? COLOR_PAIR(static_cast<int>(tone)) : A_NORMAL;
    switch (tone) {
      case Tone::plain:
        return static_cast<int>(A_NORMAL);
      case Tone::head:
        return static_cast<int>(A_BOLD);
      case Tone::quiet:
        return static_cast<int>(A_DIM);
      case Tone::good:
        return static_cast<int>(colour);
      case Tone::warning:
      case Tone::bad:
        break;
    }
    return static_cast<int>(colour | (coloured ? A_BOLD : A_REVERSE));
  }

  // The sign for what was cut, in a terminal that knows no UTF-8.
  static std::string drawable(std::string text) {
    constexpr std::string_view sign = "…";
    static const bool utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    for (auto at = text.find(sign); !utf8 && at != std::string::npos; at = text.find(sign)) {
      text.replace(at, sign.size(), ">");
    }
    return text;
  }

  SCREEN* screen_;
};

using Clock = std::chrono::steady_clock;

int left_until(Clock::time_point then) {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(then - Clock::now()).count());
}

void draw(const Result<TopSample>& sample, const TopSample* before, const TopView& view) {
  const auto lines = sample ? top_lines(sample.value(), before, view, Terminal::size())
                            : Result<std::vector<ScreenLine>>(sample.error());
  Terminal::draw(lines ? lines.value()
                       : std::vector<ScreenLine>{{{"weir: " + lines.error().text(), Tone::bad}},
                                                 {},
                                                 {{"q ends; a gateway that starts is shown"}}});
}

// After getch() had no key: is there something to read all the same? Then it is the end.
bool terminal_has_gone() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

int run_top(const LiveArguments& arguments) {
  const auto socket = control_socket(arguments);
  if (!socket) {
    std::fprintf(stderr, "weir: %s\n", socket.error().text().c_str());
    return 2;
  }
  auto sample = sample_at(socket.value());
  if (!sample) {
    std::fprintf(stderr, "weir: %s\n", sample.error().text().c_str());
    return 1;
  }
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    std::fputs("weir: top needs a terminal; `weir status` and `weir flows` do not\n", stderr);
    return 2;
  }
  std::setlocale(LC_CTYPE, "");
  const Terminal terminal;
  if (!terminal.usable()) {
    std::fputs("weir: top does not know this terminal; set TERM\n", stderr);
    return 2;
  }
  TopView view;
  std::optional<TopSample> before;
  while (true) {
    const auto next_sample = Clock::now() + std::chrono::milliseconds(refresh_ms);
    for (auto left = refresh_ms; left > 0; left = left_until(next_sample)) {
      draw(sample, before ? &*before : nullptr, view);
      const int key = Terminal::key(left);
      if (key == ERR && terminal_has_gone()) {
        return 0;
      }
      // A changed size wants to be drawn at once, and is no key.
      if (key != ERR && key != KEY_RESIZE) {
        view.press(key == KEY_BACKSPACE ? TopView::backspace : key);
      }
      if (view.is_over) {
        return 0;
      }
    }
    if (sample) {
      before = std::move(sample).value();
    }
    sample = sample_at(socket.value());
  }
}

}  // namespace weir
