// The C interface against the C++ one, which it must repeat to the last bit.
#include "savp/c.h"

#include "face/predictor_fixture.h"

namespace savp {
namespace {

class CTest : public PredictorTest {
 protected:
  CTest() {
    savp_open_options options{};
    options.device = "cpu";
    EXPECT_EQ(savp_open(run().c_str(), &options, &model_), SAVP_OK) << savp_last_error();
  }
  ~CTest() override { savp_close(model_); }

  savp_frames seen(int64_t first, int64_t count) const {
    return {frames(first, count).bytes, nullptr, count, kSide, kSide, 3};
  }
  savp_shown came_with(int64_t first, int64_t count, int64_t led = 0) const {
    const auto shown = with(first, count, led);
    return {shown.actions.values, shown.actions.rows, shown.states.values, shown.states.rows, nullptr, 0};
  }
  savp_scene* begin(const savp_shown& shown) const {
    savp_scene* scene = nullptr;
    const auto context = seen(0, kContext);
    EXPECT_EQ(savp_start(model_, &context, &shown, &scene), SAVP_OK) << savp_last_error();
    return scene;
  }

  savp_model* model_ = nullptr;
};

TEST_F(CTest, TellsWhatTheModelTakes) {
  const auto sizes = savp_model_sizes(model_);
  EXPECT_EQ(sizes.height, kSide);
  EXPECT_EQ(sizes.actions, kActions);
  EXPECT_EQ(sizes.states, kStates);
  EXPECT_EQ(savp_model_context_frames(model_), kContext);
  EXPECT_EQ(savp_model_stochastic(model_), 1);
  EXPECT_STREQ(savp_model_name(model_), "savp");
}

TEST_F(CTest, ImaginesTheSameAsThePredictor) {
  const auto model = open();
  auto expected_scene = start(model);
  auto* scene = begin(came_with(0, kContext));
  const auto next = seen(kContext, 1);
  const auto led = came_with(kContext, 1, /*led=*/1);
  expected_scene.observe(frames(kContext, 1), with(kContext, 1, 1));
  ASSERT_EQ(savp_observe(scene, &next, &led), SAVP_OK) << savp_last_error();
  EXPECT_EQ(savp_scene_frames(scene), kContext + 1);

  const auto expected = imagined(expected_scene, kContext + 1);
  const auto actions = plan(kContext + 1);
  const savp_imagine_options options{actions.values, actions.rows, 3, kFrames - kContext - 1, 7, 0};
  std::vector<float> found(expected.frames.pixels.size()), states(expected.states.size());
  savp_futures futures{};
  futures.frames = found.data();
  futures.frames_size = static_cast<int64_t>(found.size());
  futures.states = states.data();
  futures.states_size = static_cast<int64_t>(states.size());
  ASSERT_EQ(savp_imagine(scene, &options, &futures), SAVP_OK) << savp_last_error();
  EXPECT_EQ(found, expected.frames.pixels);
  EXPECT_EQ(states, expected.states);
  savp_end(scene);
}

TEST_F(CTest, RefusesActionsThatAreMissing) {
  savp_scene* scene = nullptr;
  const auto context = seen(0, kContext);
  EXPECT_EQ(savp_start(model_, &context, nullptr, &scene), SAVP_USAGE);
  EXPECT_EQ(scene, nullptr);
  EXPECT_NE(std::string(savp_last_error()).find("actions"), std::string::npos) << savp_last_error();
}

}  // namespace
}  // namespace savp
