/* The predictor from C: what savp/c.h promises, tried in the order in which a program meets it.
 *   c_program CHECKPOINT     a checkpoint of 32x32 pixels in color, without actions or states */
#include <savp/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSide = 32, kFrame = kSide * kSide * 3, kLength = 3, kSamples = 2 };

static void expect(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s (last error: %s)\n", what, savp_last_error());
  exit(1);
}

static savp_model* open_model(const char* path) {
  const savp_sizes sizes = {kSide, kSide, 3, 0, 0};
  savp_open_options options = {0};
  savp_model* model = NULL;
  options.device = "cpu";
  options.sizes = &sizes;
  expect(strcmp(savp_last_error(), "") == 0, "no error before the first");
  expect(savp_open("no/such/run", &options, &model) == SAVP_DATA, "a folder that is not there");
  expect(strstr(savp_last_error(), "no/such/run") != NULL, "the message names it");
  expect(savp_open(NULL, &options, &model) == SAVP_USAGE, "no path");
  expect(savp_open(path, &options, NULL) == SAVP_USAGE, "nowhere to put the model");
  expect(model == NULL, "a call that fails changes nothing");
  options.device = "abacus";
  expect(savp_open(path, &options, &model) == SAVP_USAGE, "a device that is none");
  options.device = "cpu";
  expect(savp_open(path, &options, &model) == SAVP_OK, "opened");
  return model;
}

static savp_scene* start(const savp_model* model, const uint8_t* pixels) {
  savp_frames context = {0};
  savp_scene* scene = NULL;
  context.bytes = pixels;
  context.frames = savp_model_context_frames(model);
  context.height = context.width = kSide;
  context.channels = 1;
  expect(savp_start(model, &context, NULL, &scene) == SAVP_USAGE, "gray frames for a model of colors");
  context.channels = 3;
  expect(savp_start(model, &context, NULL, &scene) == SAVP_OK, "started");
  expect(savp_scene_frames(scene) == context.frames, "frames seen");
  return scene;
}

static void imagine(savp_scene* scene, float* values, int64_t room, uint64_t seed) {
  savp_imagine_options options = {0};
  savp_futures futures = {0};
  options.samples = kSamples;
  options.length = kLength;
  options.seed = seed;
  futures.frames = values;
  futures.frames_size = room - 1;
  expect(savp_imagine(scene, &options, &futures) == SAVP_USAGE, "too little room");
  expect(futures.frames_size == room, "what is needed is told");
  expect(savp_imagine(scene, &options, &futures) == SAVP_OK, "imagined");
  expect(futures.frames_size == room && futures.states_size == 0, "what was written is told");
}

int main(int argc, char** argv) {
  const int64_t room = (int64_t)kSamples * kLength * kFrame;
  float *first = malloc((size_t)room * sizeof(float)), *second = malloc((size_t)room * sizeof(float));
  static uint8_t pixels[16 * kFrame];
  savp_frames frame = {0};
  savp_model* model;
  savp_scene* scene;
  int64_t i;
  if (argc != 2) return 2;
  for (i = 0; i < (int64_t)sizeof(pixels); ++i) pixels[i] = (uint8_t)(i % 251);

  model = open_model(argv[1]);
  expect(savp_model_sizes(model).width == kSide, "sizes");
  expect(savp_model_context_frames(model) >= 1 && savp_model_context_frames(model) < 16, "context frames");
  scene = start(model, pixels);
  savp_close(model); /* the scene goes on without */

  imagine(scene, first, room, 7);
  imagine(scene, second, room, 7);
  expect(memcmp(first, second, (size_t)room * sizeof(float)) == 0, "the same seed gives the same futures");
  for (i = 0; i < room; ++i) expect(first[i] >= 0 && first[i] <= 1, "values from 0 to 1");

  frame.bytes = pixels;
  frame.frames = 2;
  frame.height = frame.width = kSide;
  frame.channels = 3;
  expect(savp_observe(scene, &frame, NULL) == SAVP_USAGE, "two frames at once");
  frame.frames = 1;
  i = savp_scene_frames(scene);
  expect(savp_observe(scene, &frame, NULL) == SAVP_OK, "observed");
  expect(savp_scene_frames(scene) == i + 1, "one frame more");
  imagine(scene, second, room, 7);
  expect(memcmp(first, second, (size_t)room * sizeof(float)) != 0, "what was observed makes a difference");

  savp_end(scene);
  savp_end(NULL);
  savp_close(NULL);
  free(first);
  free(second);
  printf("%s\n", savp_version());
  return 0;
}
