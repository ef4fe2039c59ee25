// The still scene beside the sign-in form: a desk, a bell, a bicycle. Decoration only.

export function Art({ quote }: { quote: string }) {
  return (
    <div class="gate-art" aria-hidden="true">
      <svg class="scene" viewBox="0 0 660 900" preserveAspectRatio="xMidYMid slice">
        <circle class="sc-f" cx="470" cy="250" r="230" />
        <circle class="sc-f" cx="470" cy="250" r="150" />
        <rect class="sc-d" y="560" width="660" height="340" />
        <rect class="sc-e" y="560" width="660" height="26" />
        <g class="sc sc-2">
          <path d="M0 560h660M120 560v-38h60v38M500 560v-70h70v70M514 504h42M514 518h42M514 532h26" />
        </g>
        <g class="sc">
          <path d="M260 540a75 75 0 0 1 150 0zM245 560h180M335 465v-18M322 445h26" />
        </g>
        <path class="sc-b" d="M260 540a75 75 0 0 1 150 0z" />
        <g class="sc">
          <path d="M282 404a76 76 0 0 1 106 0M258 378a112 112 0 0 1 154 0" opacity=".55" />
        </g>
        <g class="sc sc-2">
          <circle cx="130" cy="205" r="58" />
          <circle cx="285" cy="205" r="58" />
          <path d="m130 205 38-82h78l39 82M168 123l42 82h-80M210 205l44-82M246 123l-6-22h26M156 101h26" />
        </g>
      </svg>
      <blockquote>{quote}</blockquote>
    </div>
  );
}
