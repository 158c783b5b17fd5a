import { open } from './app';
import { scene } from './lib/runtime/scenes';

// `web.html?scene=alone&locale=zh-CN&theme=dark`: a window on the fake team.
open(scene(new URLSearchParams(location.search)));
