// Hands the regions of one picture to the view that draws them: they come often, its frames once.
const hand = () => {
  if (!props.value) return;
  window.atelierPicked = props.value;
  document.dispatchEvent(new CustomEvent("atelier-picked"));
};
hand();
watch("value", hand);
