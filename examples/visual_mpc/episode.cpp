#include "episode.h"

#include <chrono>
#include <string>

#include "io/canvas.h"

namespace savp {
namespace {

constexpr double kReached = 2;  // pixels of 64
constexpr int64_t kSide = 192;  // of a shown picture, pixels
constexpr int64_t kBorder = 8, kLine = 24, kWords = 10;
constexpr int64_t kAhead[] = {2, 4, 6, 8};  // frames
constexpr Colour kPaper = {255, 255, 255}, kInk = {40, 40, 40}, kGoal = {255, 235, 60};

void mark(Picture& page, int64_t top, int64_t left, const Place& goal) {
  const auto y = top + static_cast<int64_t>(goal[1] * kSide),
             x = left + static_cast<int64_t>(goal[0] * kSide);
  fill(page, {y - 1, x - 7, 3, 15}, kGoal);
  fill(page, {y - 7, x - 1, 15, 3}, kGoal);
}

Picture drawn(const Picture& now, const std::vector<Picture>& expected, const Place& goal, bool reached) {
  const int64_t columns = 1 + static_cast<int64_t>(std::size(kAhead));
  Picture page = canvas(kLine + kSide + 2 * kBorder, columns * (kSide + kBorder) + kBorder, kPaper);
  const auto place = [&](int64_t column, const Picture& picture, const std::string& words) {
    const int64_t left = kBorder + column * (kSide + kBorder), top = kBorder + kLine;
    write_words(page, {kBorder, left, kWords, kSide}, words, kInk);
    paste(page, enlarge(picture, kSide / picture.height, Enlarging::kNearest), top, left);
    mark(page, top, left, goal);
  };
  place(0, now, reached ? "now: at the goal" : "now");
  for (int64_t i = 1; i < columns; ++i)
    if (const auto ahead = kAhead[i - 1]; ahead <= static_cast<int64_t>(expected.size()))
      place(i, expected[static_cast<size_t>(ahead - 1)], concat("expected ", ahead, " later"));
  return page;
}

}  // namespace

Episode run_episode(const Task& task, Pilot& pilot, const EpisodeOptions& options) {
  ToyWorld world = task.world;
  Episode episode;
  pilot.see({}, world);
  for (int64_t i = 1; i < options.shown; ++i) pilot.see(world.act({}), world);
  for (;; ++episode.commands) {
    episode.away = pixels_apart(world.block(task.block), task.goal);
    episode.reached = episode.away <= kReached;
    const bool over = episode.reached || episode.commands == options.commands;
    const auto begun = std::chrono::steady_clock::now();
    const auto action = over ? Action{} : pilot.next();
    episode.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (options.pictures)
      episode.pictures.push_back(drawn(world.picture(kSide / 3),
                                       over ? std::vector<Picture>{} : pilot.expected(), task.goal,
                                       episode.reached));
    if (over) return episode;
    const auto done = world.act(action);
    pilot.see(done, world);
  }
}

}  // namespace savp
